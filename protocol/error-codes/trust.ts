/*
 * Codes of what a box lets its hub do.
 *
 * Each is a refusal by the box's own policy.toml, or its end of work that went over it; the words name
 * the rule. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting } from './row.ts';

/** Code → what it means. */
export const trustCodes = {
  POLICY_BROKEN: lasting(
    4,
    'The box’s policy.toml cannot be read, so it takes no work.',
    'Correct the line that is named; the agent reads the file again by itself.',
  ),
  POLICY_KIND: lasting(
    4,
    'The box’s policy does not allow this kind of work.',
    'Use another worker, or have `work.kinds` changed in its policy.toml.',
  ),
  POLICY_COMMAND: lasting(
    4,
    'The box’s policy does not allow this command.',
    'Use another worker, or have the rule that is named changed in its policy.toml.',
  ),
  POLICY_DIRECTORY: lasting(
    4,
    'The box’s policy does not allow work in this directory.',
    'Name one below a root of its policy, or none.',
  ),
  POLICY_ENVIRONMENT: lasting(
    4,
    'The box’s policy does not allow this variable to be set.',
    'Leave it out, or have `environment.set` changed in its policy.toml.',
  ),
  POLICY_ARTIFACT: lasting(
    4,
    'The box’s policy does not let this file leave.',
    'See `artifacts` in its policy.toml.',
  ),
  POLICY_RUN_TIME: lasting(
    1,
    'The work ran for as long as the box’s policy lets it.',
    'Make it shorter, or have `work.run_seconds_max` changed in its policy.toml.',
  ),
  POLICY_LIMIT: lasting(
    1,
    'The work used more than the box’s policy lets it.',
    'Use less, or have `limits` changed in its policy.toml.',
  ),
  POLICY_ISOLATION: lasting(
    4,
    'The box cannot isolate work as its policy asks.',
    'Run `odally doctor` there; it says what is missing.',
  ),
} as const satisfies Record<string, ErrorRow>;
