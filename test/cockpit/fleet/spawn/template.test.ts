/*
 * Command templates: places filled without a shell.
 * A value stays inside its piece.
 */
import { describe, expect, test } from 'vitest';
import { fillCommand, fillPiece, listPlaces } from '../../../../cockpit/fleet/spawn/template.ts';

describe('template: fillCommand', () => {
  test('a value stays inside its piece, whatever is in it', () => {
    const name = 'a b; rm -rf "$HOME" `x` {id}';
    expect(fillCommand(['box', 'up', '--name={name}', '{name}'], { name })).toEqual([
      ...['box', 'up', `--name=${name}`, name],
    ]);
  });

  test('pieces that go together are left out where one of their places has no value', () => {
    const command = ['box', ['--ttl', '{ttl}'], ['--size', '{size}'], '{id}'];
    expect(fillCommand(command, { id: 'i', ttl: '60s', size: '' })).toEqual([
      'box',
      '--ttl',
      '60s',
      'i',
    ]);
  });

  test('a place without a value is refused by its name', () => {
    expect(() => fillCommand(['box', '{image}'], {})).toThrow(/\{image\}.*values/);
    expect(() => fillCommand(['box', '{constructor}'], {})).toThrow(/\{constructor\}/);
  });

  test('a value is never taken for a flag', () => {
    expect(() => fillPiece('{id}', { id: '--force' })).toThrow(/would be read as a flag/);
    expect(fillPiece('--id={id}', { id: '--force' })).toBe('--id=--force');
  });

  test('braces that are no places stay as they are', () => {
    const piece = 'Tags=[{Key=Name,Value={tag}}]';
    expect(fillPiece(piece, { tag: 't' })).toBe('Tags=[{Key=Name,Value=t}]');
    expect(listPlaces([piece, ['{a}', '{tag}']])).toEqual(['tag', 'a']);
  });
});
