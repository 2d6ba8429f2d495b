/*
 * Box lines and blocks as shapes that fill their cell exactly, so that neighbours join.
 *
 * Only what our screens draw: light and rounded boxes, and the block characters of bars and
 * sparklines. Anything else is left to the font. Source: Unicode charts U+2500 and U+2580.
 */

/** A cell's place in the picture. */
export interface GlyphBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Which edges a line reaches: up, right, down, left. */
const lines: Readonly<Record<string, string>> = {
  '─': 'rl',
  '│': 'ud',
  '┌': 'rd',
  '┐': 'dl',
  '└': 'ur',
  '┘': 'ul',
  '├': 'urd',
  '┤': 'udl',
  '┬': 'rdl',
  '┴': 'url',
  '┼': 'urdl',
  '╴': 'l',
  '╵': 'u',
  '╶': 'r',
  '╷': 'd',
};

/** The two edges that an arc joins. */
const arcs: Readonly<Record<string, string>> = { '╭': 'rd', '╮': 'dl', '╯': 'ul', '╰': 'ur' };

const blocks = '▁▂▃▄▅▆▇█';
const sideBlocks = '▏▎▍▌▋▊▉';
const shades: Readonly<Record<string, number>> = { '░': 0.25, '▒': 0.5, '▓': 0.75 };

/** The shape of a box or block character; undefined for what a font must draw. */
export function drawGlyph(text: string, box: GlyphBox, colour: string): string | undefined {
  const edges = lines[text];
  if (edges !== undefined) return drawPath(planLines(edges, box), colour);
  const ends = arcs[text];
  if (ends !== undefined) return drawPath(planArc(ends, box), colour);
  return drawBlock(text, box, colour);
}

function planLines(edges: string, box: GlyphBox): string {
  const middle = `${round(box.x + box.width / 2)} ${round(box.y + box.height / 2)}`;
  return [...edges].map((edge) => `M${middle}L${placeEdge(edge, box)}`).join('');
}

function planArc(ends: string, box: GlyphBox): string {
  const [first = '', second = ''] = ends;
  const middle = `${round(box.x + box.width / 2)} ${round(box.y + box.height / 2)}`;
  return `M${placeEdge(first, box)}Q${middle} ${placeEdge(second, box)}`;
}

function placeEdge(edge: string, { x, y, width, height }: GlyphBox): string {
  const across = { l: x, r: x + width }[edge] ?? x + width / 2;
  const down = { u: y, d: y + height }[edge] ?? y + height / 2;
  return `${round(across)} ${round(down)}`;
}

function drawPath(path: string, colour: string): string {
  return `<path d="${path}" stroke="${colour}" stroke-width="1.2" fill="none"/>`;
}

function drawBlock(
  text: string,
  { x, y, width, height }: GlyphBox,
  colour: string,
): string | undefined {
  const draw = (box: GlyphBox, opacity = 1) => {
    const shade = opacity === 1 ? '' : ` opacity="${opacity}"`;
    const size = `width="${round(box.width)}" height="${round(box.height)}"`;
    return `<rect x="${round(box.x)}" y="${round(box.y)}" ${size} fill="${colour}"${shade}/>`;
  };
  const eighths = blocks.indexOf(text) + 1;
  if (text !== '' && eighths > 0) {
    const filled = (height * eighths) / 8;
    return draw({ x, y: y + height - filled, width, height: filled });
  }
  const sideEighths = sideBlocks.indexOf(text) + 1;
  if (text !== '' && sideEighths > 0)
    return draw({ x, y, width: (width * sideEighths) / 8, height });
  if (text === '▀') return draw({ x, y, width, height: height / 2 });
  if (text === '▐') return draw({ x: x + width / 2, y, width: width / 2, height });
  const shade = shades[text];
  return shade === undefined ? undefined : draw({ x, y, width, height }, shade);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
