import { inflateSync } from 'node:zlib';

interface PdfObject { readonly dictionary: string; readonly stream?: Buffer }

/** What a reader of a PDF sees, for specs: its text by the fonts' own tables (ISO 32000-1 section 9.10), its attached files, its information. Throws where the file is not built as it says. */
export class ReadPdf {
  private readonly objects = new Map<number, PdfObject>();
  readonly pages: number;

  constructor(octets: Buffer) {
    const text = octets.toString('latin1');
    if (!text.startsWith('%PDF-1.') || !text.trimEnd().endsWith('%%EOF')) throw new Error('not a PDF');
    const start = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1]);
    const places = [...text.slice(start).matchAll(/^(\d{10}) \d{5} n/gm)].map((match) => Number(match[1]));
    for (const [n, place] of places.entries()) {
      const head = /^(\d+) 0 obj\s/.exec(text.slice(place, place + 20));
      if (!head || Number(head[1]) !== n + 1) throw new Error(`object ${n + 1} is not where the table says`);
      const end = text.indexOf('endobj', place);
      const body = text.slice(place + head[0].length, end);
      const begins = /stream\r?\n/.exec(body);
      if (!begins) {
        this.objects.set(n + 1, { dictionary: body });
        continue;
      }
      const dictionary = body.slice(0, begins.index);
      const from = place + head[0].length + begins.index + begins[0].length;
      const raw = octets.subarray(from, from + Number(/\/Length (\d+)/.exec(dictionary)![1]));
      this.objects.set(n + 1, { dictionary, stream: dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw });
    }
    this.pages = [...this.objects.values()].filter(({ dictionary }) => /\/Type \/Page\b(?!s)/.test(dictionary)).length;
  }

  /** Attached files by their names. */
  files(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const { dictionary } of this.objects.values()) {
      if (!/\/Type \/Filespec/.test(dictionary)) continue;
      const name = /\/UF \(([^)]+)\)/.exec(dictionary)![1]!;
      const content = this.objects.get(Number(/\/EF <<\s*\/F (\d+) 0 R/.exec(dictionary)![1]))!;
      found.set(Buffer.from(name, 'latin1').toString('latin1'), content.stream!.toString('utf8'));
    }
    return found;
  }

  /** Everything that is printed, a piece a line. */
  text(): string {
    const fonts = new Map<string, Map<number, string>>();
    for (const { dictionary } of this.objects.values()) {
      for (const [, name, at] of dictionary.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
        const table = /\/ToUnicode (\d+) 0 R/.exec(this.objects.get(Number(at))?.dictionary ?? '');
        if (table) fonts.set(name!, lettersOf(this.objects.get(Number(table[1]))!.stream!.toString('latin1')));
      }
    }
    const lines: string[] = [];
    for (const { dictionary, stream } of this.objects.values()) {
      if (!stream || /\/(Type|Subtype|Length1)/.test(dictionary)) continue;
      let font: Map<number, string> | undefined;
      for (const [, name, shown] of stream.toString('latin1').matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
        if (name !== undefined) font = fonts.get(name);
        else lines.push([...shown!.matchAll(/<([0-9a-f]+)>/g)].flatMap(([, hex]) => hex!.match(/.{4}/g) ?? []).map((code) => font?.get(parseInt(code, 16)) ?? '\uFFFD').join(''));
      }
    }
    return lines.join('\n');
  }

  /** Whether every font is in the file. */
  fontsEmbedded(): boolean {
    const described = [...this.objects.values()].filter(({ dictionary }) => /\/Type \/FontDescriptor/.test(dictionary));
    return described.length > 0 && described.every(({ dictionary }) => /\/FontFile[23]? \d+ 0 R/.test(dictionary));
  }
}

function lettersOf(table: string): Map<number, string> {
  const letters = new Map<number, string>();
  for (const [, from, , list] of table.matchAll(/<([0-9a-f]+)> <([0-9a-f]+)> \[([^\]]*)\]/g)) {
    for (const [n, [, hex]] of [...list!.matchAll(/<([0-9a-f ]*)>/g)].entries()) letters.set(parseInt(from!, 16) + n, Buffer.from(hex!.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'));
  }
  return letters;
}
