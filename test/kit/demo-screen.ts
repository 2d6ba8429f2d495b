/*
 * A program that shows what a terminal can, for the tests of the kit and for looking at pictures.
 *
 * Draws once on the alternate screen, then echoes each key and its size until `q`; `x` ends it
 * with status 3.
 */
const csi = '\x1b[';

function draw(): void {
  const { columns = 0, rows = 0 } = process.stdout;
  const bar = '─'.repeat(30);
  const swatches = Array.from({ length: 16 }, (_, index) => `${csi}48;5;${index}m  `).join('');
  const lines = [
    `${csi}36m╭${bar}╮${csi}0m`,
    `${csi}36m│${csi}0m ${csi}1mteam${csi}0m  ${csi}32m● alice${csi}0m ${csi}2midle${csi}0m           ${csi}36m│${csi}0m`,
    `${csi}36m├${bar}┤${csi}0m`,
    `${csi}36m│${csi}0m${csi}7m selected row                 ${csi}0m${csi}36m│${csi}0m`,
    `${csi}36m│${csi}0m 日本語 é ▁▂▃▄▅▆▇█ ░▒▓        ${csi}36m│${csi}0m`,
    `${csi}36m│${csi}0m ${csi}38;2;255;140;0mexact${csi}0m ${csi}38;5;208mindexed${csi}0m ${csi}3mitalic${csi}0m ${csi}4munder${csi}0m   ${csi}36m│${csi}0m`,
    `${csi}36m╰${bar}╯${csi}0m`,
    `${swatches}${csi}0m`,
    `size ${columns}x${rows}`,
  ];
  process.stdout.write(`${csi}?1049h${csi}2J${csi}H${lines.join('\r\n')}\r\n`);
}

process.stdin.setRawMode?.(true);
process.stdin.on('data', (keys) => {
  const text = keys.toString();
  if (text === 'q') process.stdout.write(`${csi}?1049lbye\r\n`, () => process.exit(0));
  else if (text === 'x') process.exit(3);
  else process.stdout.write(`key ${JSON.stringify(text)}\r\n`);
});
process.stdout.on('resize', draw);
draw();
