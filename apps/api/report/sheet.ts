import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';

const FONTS = { regular: '400Regular/SourceSans3_400Regular.ttf', bold: '700Bold/SourceSans3_700Bold.ttf' } as const;
const require = createRequire(import.meta.url);
/** Source Sans 3 (SIL Open Font License 1.1): every letter of Serbian in both scripts, embedded as far as it is used. */
const fontFile = (weight: keyof typeof FONTS): Buffer => readFileSync(require.resolve(`@expo-google-fonts/source-sans-3/${FONTS[weight]}`));

const MARGIN = 48;
const FOOT = 28;
const BLACK = '#111111';
const GREY = '#555555';

export interface Column { readonly title: string; /** Share of the width. */ readonly share: number; readonly right?: boolean }

export interface Attachment { readonly name: string; readonly type: string; readonly description: string; readonly text: string }

/** A4 sheets with headings, pairs, tables and paragraphs one below the other. Sizes in points. */
export class Sheet {
  private readonly document: PDFKit.PDFDocument;
  private readonly parts: Buffer[] = [];

  constructor({ title, subject, author, language, at }: { readonly title: string; readonly subject: string; readonly author: string; readonly language: string; readonly at: Date }) {
    this.document = new PDFDocument({
      size: 'A4', margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + FOOT }, bufferPages: true, lang: language, displayTitle: true, pdfVersion: '1.7', autoFirstPage: false,
      info: { Title: title, Subject: subject, Author: author, CreationDate: at, ModDate: at },
    });
    for (const weight of ['regular', 'bold'] as const) this.document.registerFont(weight, fontFile(weight));
    this.document.on('data', (part: Buffer) => { this.parts.push(part); });
    this.document.addPage();
  }

  private get width(): number {
    return this.document.page.width - 2 * MARGIN;
  }

  heading(text: string, level: 1 | 2 = 2): void {
    const size = level === 1 ? 20 : 13;
    // A heading keeps some of what it heads below it.
    this.room(size * 3 + 40);
    if (level === 2) this.document.moveDown(0.8);
    this.document.font('bold').fontSize(size).fillColor(BLACK).text(text, MARGIN, this.document.y, { width: this.width });
    this.document.moveDown(0.3);
  }

  paragraph(text: string): void {
    this.document.font('regular').fontSize(9.5).fillColor(BLACK).text(text, MARGIN, this.document.y, { width: this.width, lineGap: 2 });
    this.document.moveDown(0.4);
  }

  /** Names and what they are, one a line. */
  pairs(pairs: readonly (readonly [string, string])[]): void {
    const left = this.width * 0.32;
    for (const [name, value] of pairs) {
      this.document.fontSize(9.5);
      const height = this.document.font('regular').heightOfString(value, { width: this.width - left });
      this.room(height + 3);
      const { y } = this.document;
      this.document.font('bold').fillColor(GREY).text(name, MARGIN, y, { width: left - 8 });
      const below = this.document.y;
      this.document.font('regular').fillColor(BLACK).text(value, MARGIN + left, y, { width: this.width - left });
      this.document.y = Math.max(below, this.document.y) + 2;
    }
  }

  /** A table whose heading is repeated on each sheet. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const total = columns.reduce((sum, { share }) => sum + share, 0);
    const widths = columns.map(({ share }) => (this.width * share) / total);
    const line = (cells: readonly string[], weight: keyof typeof FONTS): void => {
      this.document.font(weight).fontSize(8);
      const height = Math.max(...cells.map((cell, n) => this.document.heightOfString(cell, { width: widths[n]! - 6 }))) + 4;
      if (this.room(height) && weight === 'regular') line(columns.map(({ title }) => title), 'bold');
      this.document.font(weight).fontSize(8).fillColor(weight === 'bold' ? GREY : BLACK);
      const { y } = this.document;
      let x = MARGIN;
      for (const [n, cell] of cells.entries()) {
        this.document.text(cell, x + 1, y + 2, { width: widths[n]! - 6, align: columns[n]!.right ? 'right' : 'left' });
        x += widths[n]!;
      }
      this.document.moveTo(MARGIN, y + height).lineTo(MARGIN + this.width, y + height).lineWidth(0.4).strokeColor('#bbbbbb').stroke();
      this.document.y = y + height;
    };
    line(columns.map(({ title }) => title), 'bold');
    for (const row of rows) line(row, 'regular');
    this.document.moveDown(0.5);
  }

  attach({ name, type, description, text }: Attachment, at: Date): void {
    this.document.file(Buffer.from(text), { name, type, description, creationDate: at, modifiedDate: at });
  }

  /** Numbers the sheets and returns the document. */
  async finish(foot: (page: number, of: number) => string): Promise<Buffer> {
    const { count } = this.document.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      this.document.switchToPage(page);
      // Below the bottom margin a text would open the next sheet.
      this.document.page.margins.bottom = 0;
      this.document.font('regular').fontSize(8).fillColor(GREY).text(foot(page + 1, count), MARGIN, this.document.page.height - MARGIN, { width: this.width, align: 'center', lineBreak: false });
    }
    const ended = new Promise<void>((resolve) => { this.document.once('end', () => { resolve(); }); });
    this.document.end();
    await ended;
    return Buffer.concat(this.parts);
  }

  /** Begins a sheet where the next lines do not fit any more; tells whether it did. */
  private room(height: number): boolean {
    if (this.document.y + height <= this.document.page.height - MARGIN - FOOT) return false;
    this.document.addPage();
    return true;
  }
}
