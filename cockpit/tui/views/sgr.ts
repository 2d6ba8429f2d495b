/*
 * The style part of terminal output: SGR parameters in, a canonical style out.
 *
 * Keeps colours of all depths, bold, dim, italic, underline, inverse and strike. Drops blinking
 * (nothing on our screen moves) and concealing (a log must not hide). Pure. Source: ECMA-48 8.3.117.
 */

/** A style as it stands after some output. Frozen values; compare by `sgrText`. */
export interface Style {
  readonly attributes: readonly number[];
  readonly foreground: string;
  readonly background: string;
}

/** No style at all. */
export const plainStyle: Style = { attributes: [], foreground: '', background: '' };

/** The style after one SGR sequence with these parameters (`1;31`, `38:5:208`, or nothing). */
export function applySgr(style: Style, parameters: string): Style {
  const codes = parameters.split(';').map((part) => part.split(':'));
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const [first = '', ...rest] = codes[index] ?? [];
    const code = first === '' ? 0 : Number(first);
    if (code === 38 || code === 48 || code === 58) {
      const colour = rest.length > 0 ? readColonColour(rest) : readColour(codes, index + 1);
      index += colour.taken;
      next = paint(next, code, colour.sgr);
    } else if (!(code === 4 && rest[0] === '0')) {
      next = applyCode(next, code);
    } else {
      next = without(next, [4]);
    }
  }
  return next;
}

/** The style as SGR parameters that set it from nothing; empty when plain. */
export function sgrText(style: Style): string {
  return [...style.attributes.map(String), style.foreground, style.background]
    .filter((part) => part !== '')
    .join(';');
}

/** The same parameters without their colours, for NO_COLOR. Takes what `sgrText` gave: colours last. */
export function dropColours(sgr: string): string {
  const kept: string[] = [];
  for (const code of sgr.split(';')) {
    if (Number(code) >= 30) break;
    kept.push(code);
  }
  return kept.join(';');
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return plainStyle;
  if ([1, 2, 3, 4, 7, 9].includes(code)) return withAttribute(style, code);
  if (code === 21) return withAttribute(style, 4);
  if (code === 22) return without(style, [1, 2]);
  if (code === 23 || code === 24 || code === 27 || code === 29) return without(style, [code - 20]);
  if (isBasic(code, 30) || isBasic(code, 90)) return { ...style, foreground: String(code) };
  if (isBasic(code, 40) || isBasic(code, 100)) return { ...style, background: String(code) };
  if (code === 39) return { ...style, foreground: '' };
  if (code === 49) return { ...style, background: '' };
  return style;
}

function isBasic(code: number, first: number): boolean {
  return code >= first && code <= first + 7;
}

function withAttribute(style: Style, code: number): Style {
  if (style.attributes.includes(code)) return style;
  return { ...style, attributes: [...style.attributes, code].sort((a, b) => a - b) };
}

function without(style: Style, codes: readonly number[]): Style {
  return { ...style, attributes: style.attributes.filter((code) => !codes.includes(code)) };
}

function paint(style: Style, code: 38 | 48 | 58, sgr: string | undefined): Style {
  if (sgr === undefined || code === 58) return style;
  return code === 38
    ? { ...style, foreground: `38;${sgr}` }
    : { ...style, background: `48;${sgr}` };
}

interface Colour {
  readonly sgr: string | undefined;
  readonly taken: number;
}

function readColour(codes: readonly (readonly string[])[], from: number): Colour {
  const mode = codes[from]?.[0];
  if (mode === '5') return { sgr: checkColour(['5', codes[from + 1]?.[0]]), taken: 2 };
  if (mode !== '2') return { sgr: undefined, taken: mode === undefined ? 0 : 1 };
  const channels = [1, 2, 3].map((step) => codes[from + step]?.[0]);
  return { sgr: checkColour(['2', ...channels]), taken: 4 };
}

/** `38:5:208`, `38:2:255:0:0` and `38:2::255:0:0` with its empty colour space. */
function readColonColour(rest: readonly string[]): Colour {
  if (rest[0] === '5') return { sgr: checkColour(['5', rest[1]]), taken: 0 };
  if (rest[0] === '2') return { sgr: checkColour(['2', ...rest.slice(-3)]), taken: 0 };
  return { sgr: undefined, taken: 0 };
}

function checkColour(parts: readonly (string | undefined)[]): string | undefined {
  const isByte = (part: string | undefined) =>
    part !== undefined && /^\d{1,3}$/.test(part) && Number(part) <= 255;
  return parts.every(isByte) ? parts.join(';') : undefined;
}
