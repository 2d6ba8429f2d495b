/*
 * Every cap and pace of the screen, with where its value came from.
 *
 * A list, buffer, queue or text field of the screen without a row here does not exist. Times are
 * milliseconds, as the names say.
 */

/** Feed events are committed at most this often: under 30 times a second. Keys never wait. Source: ink facts, C4. */
export const commitMsMin = 34;

/** A frame of Ink's that is not there so long after it has the boxes does not come. It takes 1 or 2. */
export const frameMsMax = 20;

/** How long a toast that is no error stays. Source: k9s and lazygit use 4 to 6 seconds. */
export const toastMs = 5000;

/** Ages are looked at again this often while any is on screen. */
export const ageTickMs = 1000;

/** Pause between tries to reach a hub that went away. */
export const reconnectMs = 1000;

/** A log opened sooner than this after another one waits, so that a held `j` opens one, not fifty. */
export const followMsMin = 80;

/** After a suspend request that the terminal ignored, the screen comes back after this. */
export const suspendMsMax = 300;

/** What a line and each run of one style in it cost besides their text, so that a log of nothing but colour changes is bounded too. */
export const logRunBytes = 64;

/** Columns that a log is scrolled to the side within the text that is held of its lines. */
export const lineCellsMax = 8192;

/** A control sequence longer than this is abandoned. xterm gives up at about the same length. */
export const sequenceCharsMax = 4096;

/** Cells between tab stops, as every terminal has them. */
export const tabCells = 8;

/** Jobs that the screen holds; the newest stay. `wally jobs` shows the rest. */
export const jobsHeldMax = 2000;

/** Text in a line of the screen's foot: longer than any verb that somebody types. */
export const fieldCharsMax = 16_000;

/**
 * Letters of one burst that are keys: a key that was held down while the line stood still for a quarter of a minute.
 * Well below what a read of a terminal gives at most: 4095 on Linux, some 1020 on macOS (its MAX_INPUT).
 */
export const burstCharsMax = 512;

/** The same right behind a piece of a paste: a key that was held down for half a second. */
export const pieceCharsMax = 16;

/**
 * Text in one field of the dispatch form. In three bytes each they fit the 200 KiB that a job may
 * carry; a script that is longer belongs into a file.
 */
export const formCharsMax = 65_536;

/** Dispatches that the form remembers. Source: as many as somebody goes back through by hand. */
export const pastDispatchesMax = 200;

/** Rows of what will be sent that a page key goes on by: within what the lowest screen shows. */
export const previewStepRows = 3;

/** Rows in which the dispatch form shows what it will send, at most; more are scrolled. */
export const previewRowsMax = 10;

/** Narrower or lower than this there is only a sentence that says so. */
export const columnsMin = 24;
/** See `columnsMin`. */
export const rowsMin = 8;

/** Widths of texts that are remembered: a few screens of the largest terminal. */
export const measuredTextsMax = 4096;
/** Longer texts are measured each time: they are logs, which hardly ever repeat. */
export const measuredCharsMax = 64;

/** Rows of one list that may be marked at once; verbs go out one for each. */
export const markedMax = 1000;

/** Candidates that are looked at for one word of the `:` line. */
export const completionsMax = 200;

/** Lines after `:` that are remembered. */
export const pastLinesMax = 100;

/** Steps that can be gone back. */
export const placesMax = 50;

/** Entries of the palette that are found at once. */
export const paletteRowsMax = 60;

/** Rows that one notch of the wheel scrolls, as most terminals have it. */
export const wheelRows = 3;

/** Letters of a title or a notification. */
export const noticeCharsMax = 120;

/** Errors that wait to be seen; of more only the oldest stay, for they came first. */
export const toastsMax = 20;

/** Workers that are asked for their diagnosis at once; each answers within 15 s or never. */
export const doctorAskedMax = 8;

/** Boxes that one press mends at once: a link carries 256 calls. */
export const doctorFixedMax = 50;

/** Events that the screen holds at once; those around the selection. */
export const eventsHeldMax = 1200;

/** Events asked for at once: more than the tallest terminal shows. */
export const eventsPerAsk = 300;

/** With so few rows left before the edge of what is held, more is asked for. */
export const eventsNearRows = 60;

/** Lines of the log that the screen holds around what is in sight; beyond it they are read again. */
export const windowLinesMax = 3000;

/** The same in bytes of text and styles, so that long lines are bounded too. */
export const windowBytesMax = 4 * 1024 * 1024;

/** Lines asked of the hub at a time: some screens of the largest terminal. */
export const windowStepLines = 300;

/** New lines that wait for the next change of the screen; of more only the newest are drawn. */
export const grownLinesMax = 2000;

/** Hits that are held as places; beyond it the hub is asked for the next one. */
export const hitsHeldMax = 5000;

/** Marked lines of one log. */
export const logMarksMax = 200;

/** Lines of context beside a hit when a log is filtered. */
export const filterContextLines = 3;

/** A worker's name beside its lines takes so many cells at most. */
export const nameCellsMax = 12;

/** Bytes that go to the clipboard through the terminal: k9s found that terminals drop longer ones. */
export const clipboardBytesMax = 74_994;

/** Letters of a terminal's answer; a colour has 25, a name some 40. */
export const replyCharsMax = 256;

/** Steps of one verb that are shown; an install has seven, and its doctor may find a few dozen things. */
export const stepLinesMax = 200;
