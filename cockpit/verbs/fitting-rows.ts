/*
 * Rows of a list, as many as one answer holds.
 *
 * What waits may be thousands, and each row as long as somebody's command; an answer that is too large is refused
 * whole, which would hide everything. So a list ends where it is full, and its verb says that it goes on.
 */

/**
 * Letters of all rows of one answer as JSON: with the longest row beyond it, and two bytes a letter, it
 * still fits one value of the control conversation.
 */
const lettersMax = 3 * 1024 * 1024;

/** Rows that are made at once. */
const rowsAtOnce = 100;

/** Makes rows of the first ones, until there is no room for the next. */
export async function makeFittingRows<Item, Row>(
  items: readonly Item[],
  make: (item: Item) => Promise<Row>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let letters = 0;
  for (let at = 0; at < items.length; at += rowsAtOnce) {
    for (const row of await Promise.all(items.slice(at, at + rowsAtOnce).map(make))) {
      letters += JSON.stringify(row).length;
      if (letters > lettersMax) return rows;
      rows.push(row);
    }
  }
  return rows;
}
