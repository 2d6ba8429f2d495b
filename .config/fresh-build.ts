/*
 * Builds dist before the end-to-end tests, so that they never run yesterday's programs.
 *
 * Costs a hash of the sources when nothing changed. A build that fails stops those tests.
 */
import { build, productPlan } from './build.ts';

/** Called by vitest once, before the first end-to-end test. */
export async function setup(): Promise<void> {
  await build(productPlan);
}
