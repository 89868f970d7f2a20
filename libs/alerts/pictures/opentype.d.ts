/** The little of npm `opentype.js` 1.3 (MIT) that pictures use. Its published types bring in those of a browser. */
declare module 'opentype.js' {
  export interface Path {
    toPathData(decimalPlaces: number): string;
  }
  export interface Font {
    getAdvanceWidth(text: string, fontSize: number): number;
    getPath(text: string, x: number, y: number, fontSize: number): Path;
    /** 0 where the font does not have the sign. */
    charToGlyphIndex(sign: string): number;
  }
  const opentype: { parse(bytes: ArrayBuffer): Font };
  export default opentype;
}
