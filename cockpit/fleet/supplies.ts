/*
 * What a hub has to put onto boxes: the agent out of its own dist, and a Node that runs it.
 *
 * An interface, so that hubs in tests and in the simulator have none. Errors: INSTALL_BUNDLE, INSTALL_RUNTIME.
 */
import type { Bundle } from './bundle.ts';
import type { Tree } from './tree.ts';

/** The supplies of one hub. */
export interface Supplies {
  /** The agent for a platform, whole and checked. */
  bundle(platform: string): Promise<Bundle>;
  /** The name of the Node that would be brought, and its size where it is here already; 0 where it is not. */
  describeRuntime(platform: string): Promise<{ readonly name: string; readonly sizeBytes: number }>;
  /** The Node for a platform; one for another platform than ours may have to be fetched. */
  runtime(platform: string): Promise<Tree>;
}
