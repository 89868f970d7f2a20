import ts from 'typescript';
import { toLatin } from '#alerts/scripts.js';

const CYRILLIC = /\p{Script=Cyrillic}/u;
/** Names of the languages, in code. */
const TAG = /^sr-(?:Latn|Cyrl)(?:-RS)?$/;
const MIXED = /\p{Script=Cyrillic}\p{Script=Latin}|\p{Script=Latin}\p{Script=Cyrillic}/u;

/**
 * What is wrong with the texts of a file that are written out in both scripts and English, as `say(latin, cyrillic, english)` or as
 * an object of the three: a Cyrillic text is letter for letter the Latin one, no word mixes the scripts, and no other text has
 * Cyrillic letters. Judged from Cyrillic to Latin, the way that has no exceptions: what stays Latin in a Cyrillic text is the same in both.
 */
export function wrongWordings(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const wrong: string[] = [];
  const judge = (latin: ts.Node, cyrillic: ts.Node, english: ts.Node | undefined): void => {
    const [inLatin, inCyrillic, inEnglish] = [textsIn(latin), textsIn(cyrillic), english ? textsIn(english) : []];
    // Forms of a noun: as many in each script, in the same order.
    for (let i = 0; i < Math.max(inLatin.length, inCyrillic.length); i += 1) {
      if (toLatin(inCyrillic[i] ?? '') !== (inLatin[i] ?? '')) wrong.push(`${path}: “${inCyrillic[i] ?? ''}” is not “${inLatin[i] ?? ''}”`);
    }
    wrong.push(...inCyrillic.filter((one) => MIXED.test(one)).map((one) => `${path}: “${one}” mixes the scripts in a word`));
    wrong.push(...[...inLatin, ...inEnglish].filter((one) => CYRILLIC.test(one)).map((one) => `${path}: “${one}” has Cyrillic letters`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isSaid(node)) {
      const [latin, cyrillic, english] = node.arguments;
      if (latin && cyrillic) judge(latin, cyrillic, english);
    } else if (ts.isObjectLiteralExpression(node)) {
      const of = (name: string): ts.Node | undefined => node.properties.find((p): p is ts.PropertyAssignment => ts.isPropertyAssignment(p) && ts.isStringLiteralLike(p.name) && p.name.text === name)?.initializer;
      const [latin, cyrillic] = [of('sr-Latn'), of('sr-Cyrl')];
      // What is said of each language, in all of them, is judged by itself.
      if (latin && cyrillic && !isSaid(latin)) judge(latin, cyrillic, node.properties.find((p): p is ts.PropertyAssignment => ts.isPropertyAssignment(p) && ts.isIdentifier(p.name) && p.name.text === 'en')?.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return wrong;
}

const isSaid = (node: ts.Node): boolean => ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'say';

/** Every text below a node in order; what is filled into a template stands as a hole. Names of properties are no texts. */
function textsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return TAG.test(node.text) ? [] : [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('')];
  if (ts.isElementAccessExpression(node)) return textsIn(node.expression);
  if (ts.isPropertyAssignment(node)) return textsIn(node.initializer);
  const found: string[] = [];
  ts.forEachChild(node, (child) => { found.push(...textsIn(child)); });
  return found;
}
