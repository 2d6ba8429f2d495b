/*
 * How long a function and a file may be: 60 and 400 lines.
 *
 * A body of `describe` or `test` is a list of cases and not a function in this sense, so functions
 * are not measured in test files and conformance suites; the files are.
 */
import { countLine, type Finding, report, type Source, visit } from './source.ts';

const functionLinesMax = 60;
const fileLinesMax = 400;

const listsCases = /\.test\.tsx?$|^test\/conformance\//;

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

/** Functions and files that are too long. */
export function findOversize(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) => [...judgeFile(source), ...judgeFunctions(source)]);
}

function judgeFile(source: Source): readonly Finding[] {
  const lineCount = source.text.trimEnd().split('\n').length;
  if (lineCount <= fileLinesMax) return [];
  const message = `${lineCount} lines; at ${fileLinesMax} split it by noun`;
  return [{ path: source.path, line: lineCount, message }];
}

function judgeFunctions(source: Source): readonly Finding[] {
  if (listsCases.test(source.path)) return [];
  const findings: Finding[] = [];
  visit(source.program, (node) => {
    if (!functionTypes.has(node.type)) return;
    const lineCount = countLine(source.text, node.end) - countLine(source.text, node.start) + 1;
    if (lineCount <= functionLinesMax) return;
    findings.push(
      report(source, node, `a function of ${lineCount} lines; at most ${functionLinesMax}`),
    );
  });
  return findings;
}
