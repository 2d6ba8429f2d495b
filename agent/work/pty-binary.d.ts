/*
 * The part of @lydell/node-pty that we use, which it leaves untyped: the loader of its native binding.
 *
 * In a bundle the build puts a loader of ours in its place, which also finds the helper.
 */
declare module '@lydell/node-pty/requireBinary.js' {
  export function requireBinary(file: string): unknown;
  export const findHelper: (() => string) | undefined;
}
