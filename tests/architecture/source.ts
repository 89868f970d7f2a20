import ts from 'typescript';

/** One import or re-export of a file. */
export interface Import {
  /** As written: `#kernel/clock.js`, `./bind.js`, `node:net`. */
  readonly specifier: string;
  /** Gone after compiling, so it makes no cycle at run time. */
  readonly typeOnly: boolean;
}

/** What the rules have to know of a TypeScript file. Read from the syntax tree, so a string or comment is never taken for code. */
export interface Source {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Names it declares at its top level: classes, interfaces, types, functions, constants. */
  readonly declared: readonly string[];
  /** `Date.now()`, `new Date()`, `Math.random`, `process.env`, as often as they occur. */
  readonly ambient: readonly string[];
  /** Every string literal. */
  readonly strings: readonly string[];
  /** First argument of every call, by the name called: `event` → `app.started`, when it is a literal. */
  readonly calls: readonly { readonly name: string; readonly argument?: string }[];
  /** `it.only`, `describe.skip` and their like, called or not; without those that a condition chooses: `there ? it : it.skip`. */
  readonly leftOut: readonly string[];
  /** Members of interfaces, as `LogEvents.app.started`. */
  readonly members: readonly string[];
  /** Whether it re-exports everything of another file. */
  readonly exportsAll: boolean;
  /** Code and comments without the content of literals. */
  readonly bare: string;
}

const LEFT_OUT = /^(it|test|describe)\.(only|skip|todo|failing)$/;

/** Reads the text of a TypeScript file. */
export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const imports: Import[] = [];
  const ambient: string[] = [];
  const strings: string[] = [];
  const calls: { name: string; argument?: string }[] = [];
  const members: string[] = [];
  const leftOut: string[] = [];
  const chosen = new Set<ts.Node>();
  const literals: [number, number][] = [];

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly: isTypeOnly(node.importClause) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isInterfaceDeclaration(node)) {
      for (const member of node.members) if (member.name && ts.isPropertyName(member.name)) members.push(`${node.name.text}.${nameOf(member.name)}`);
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const argument = first && ts.isStringLiteralLike(first) ? first.text : undefined;
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword && argument !== undefined) imports.push({ specifier: argument, typeOnly: false });
      calls.push({ name: calledName(node.expression), ...(argument !== undefined && { argument }) });
      if (dotted(node.expression) === 'Date.now') ambient.push('Date.now()');
    } else if (ts.isNewExpression(node) && dotted(node.expression) === 'Date' && !node.arguments?.length) {
      ambient.push('new Date()');
    } else if (ts.isPropertyAccessExpression(node) && ['Math.random', 'process.env'].includes(dotted(node))) {
      ambient.push(dotted(node));
    }
    if (ts.isConditionalExpression(node)) chosen.add(node.whenTrue).add(node.whenFalse);
    if (ts.isPropertyAccessExpression(node) && LEFT_OUT.test(dotted(node)) && !chosen.has(node)) leftOut.push(dotted(node));
    if (ts.isStringLiteralLike(node)) strings.push(node.text);
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isRegularExpressionLiteral(node)) literals.push([node.getStart(file), node.end]);
    ts.forEachChild(node, visit);
  };
  visit(file);

  return {
    path, imports, ambient, strings, calls, leftOut, members,
    declared: file.statements.flatMap(declaredBy),
    exportsAll: file.statements.some((s) => ts.isExportDeclaration(s) && !s.exportClause),
    bare: withoutLiterals(text, literals),
  };
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return !name && namedBindings !== undefined && ts.isNamedImports(namedBindings) && namedBindings.elements.length > 0 && namedBindings.elements.every((e) => e.isTypeOnly);
}

function declaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap((d) => (ts.isIdentifier(d.name) ? [d.name.text] : []));
  const named = ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isFunctionDeclaration(statement);
  return named && statement.name ? [statement.name.text] : [];
}

const nameOf = (name: ts.PropertyName): string => (ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : '');

/** `it` of `it()`, `event` of `this.input.log.event()`. */
const calledName = (expression: ts.Expression): string => (ts.isPropertyAccessExpression(expression) ? expression.name.text : dotted(expression));

function dotted(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? `${dotted(expression.expression)}.${expression.name.text}` : '';
}

function withoutLiterals(text: string, literals: readonly [number, number][]): string {
  let bare = '';
  let at = 0;
  for (const [start, end] of [...literals].sort(([a], [b]) => a - b)) {
    bare += `${text.slice(at, start)}''`;
    at = end;
  }
  return bare + text.slice(at);
}
