/*
 * What the relay's process is asked and answers, over its private channel.
 *
 * Each question has a number and gets one answer with it.
 */
import type { LineCounts, LineShape } from './line.ts';

/** One link's two directions: `up` from the agent to the hub, `down` back. */
export interface LinkShape {
  readonly up: LineShape;
  readonly down: LineShape;
}

/** What is asked. `name` is the link's. */
export type RelayQuestion =
  | { readonly do: 'open'; readonly name: string; readonly hubPort: number }
  | { readonly do: 'aim'; readonly hubPort: number }
  | { readonly do: 'shape'; readonly name: string; readonly shape: LinkShape }
  | { readonly do: 'count'; readonly name: string };

/** The answer: the port to dial, or what passed. */
export interface RelayAnswer {
  readonly id: number;
  readonly port?: number;
  readonly up?: LineCounts;
  readonly down?: LineCounts;
  readonly error?: string;
}
