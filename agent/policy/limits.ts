/*
 * Caps of a box's policy, with where each came from.
 *
 * A policy is written by hand; what is larger than these is a mistake.
 */

/** Bytes of `policy.toml` that are read; a file of a thousand rules is smaller. */
export const policyBytesMax = 256 * 1024;

/** Entries of one list of the policy. */
export const policyRulesMax = 1000;

/** Letters of one rule, path or name. */
export const policyRuleLettersMax = 4096;

/** Letters of what was asked for that a refusal repeats. */
export const policyQuoteLettersMax = 80;

/** Commands looked at in one shell text; a longer one is judged as a whole. */
export const shellCommandsMax = 256;
