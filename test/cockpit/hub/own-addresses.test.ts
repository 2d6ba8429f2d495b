/*
 * The addresses of a box, also while it cannot say them.
 */
import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { openOwnAddresses } from '../../../cockpit/hub/own-addresses.ts';

const make = (address: string, family: 'IPv4' | 'IPv6', internal: boolean) =>
  ({ address, family, internal }) as NetworkInterfaceInfo;

test('own addresses: those of IPv4, the outer ones first', () => {
  const list = openOwnAddresses(() => ({
    lo: [make('127.0.0.1', 'IPv4', true), make('::1', 'IPv6', true)],
    eth0: [make('192.0.2.7', 'IPv4', false)],
    gone: undefined,
  }));
  expect(list()).toEqual(['192.0.2.7', '127.0.0.1']);
});

test('own addresses: a box that cannot say them has those that it had', () => {
  let hasDescriptors = true;
  const list = openOwnAddresses(() => {
    if (!hasDescriptors) throw new Error('uv_interface_addresses returned EMFILE');
    return { eth0: [make('192.0.2.7', 'IPv4', false)] };
  });
  expect(list()).toEqual(['192.0.2.7']);
  hasDescriptors = false;
  expect(list()).toEqual(['192.0.2.7']);
});
