import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An XML schema of a standard, with every schema that it includes. */
export interface Schema {
  /** Throws with libxml2's words when the document is not valid. */
  validate(xml: string): void;
  close(): void;
}

/** Where the standards' own schemas lie, which the product does not contain. */
export const standard = (path: string): string => resolve('../shared/standards', path);

/** Registers a test that needs a schema, or one that says why it is skipped. */
export function itBySchema(path: string, sentence: string, run: (schema: Schema) => void): void {
  if (!existsSync(standard(path))) it.skip(`${sentence} (skipped: ${path} is not there)`, () => undefined);
  else {
    it(sentence, async () => {
      const schema = await openSchema(standard(path));
      try {
        run(schema);
      } finally {
        schema.close();
      }
    });
  }
}

async function openSchema(path: string): Promise<Schema> {
  const { XmlDocument, XsdValidator } = await import('libxml2-wasm');
  const { xmlRegisterFsInputProviders } = await import('libxml2-wasm/lib/nodejs.mjs');
  xmlRegisterFsInputProviders();
  const xsd = XmlDocument.fromBuffer(readFileSync(path), { url: pathToFileURL(path).href });
  const validator = XsdValidator.fromDoc(xsd);
  return {
    validate(xml) {
      const document = XmlDocument.fromString(xml);
      try {
        validator.validate(document);
      } finally {
        document.dispose();
      }
    },
    close() {
      validator.dispose();
      xsd.dispose();
    },
  };
}
