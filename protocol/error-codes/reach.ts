/*
 * Codes of the ways between a hub and its boxes.
 *
 * What a link over stdio can meet besides what every link can. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const reachCodes = {
  LINK_FOREIGN: lasting(
    4,
    'What answers there does not speak as an odally does.',
    'Look at what a login prints there, and whether odally is installed.',
  ),
  RENDEZVOUS_START: passing(
    3,
    'The rendezvous did not start.',
    'Name an IPv4 address of this box with --host, and a port that is free with --port.',
  ),
  LINK_UNPROVEN: lasting(
    4,
    'The other end did not prove to be who it should be.',
    'See which home of which box answers there; pair it again if it was made anew.',
  ),
} as const satisfies Record<string, ErrorRow>;
