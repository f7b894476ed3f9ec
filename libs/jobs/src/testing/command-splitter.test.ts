import { expect, test } from 'vitest';
import { CommandSplitter } from './command-splitter.js';

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

const COMMANDS = [
  command('PING'),
  command('SET', 'key', 'a line\r\nand *1\r\n'),
  command('GET', ''),
  command('ECHO', 'é'),
];

function split(...parts: Buffer[]): string[] {
  const splitter = new CommandSplitter();
  return parts.flatMap((part) => splitter.push(part)).map(String);
}

test('commands that arrive together are split', () => {
  expect(split(Buffer.from(COMMANDS.join('')))).toEqual(COMMANDS);
});

test('commands that arrive byte by byte are put together', () => {
  expect(split(...[...Buffer.from(COMMANDS.join(''))].map((byte) => Buffer.of(byte)))).toEqual(COMMANDS);
});

test('a command that has not arrived to its end is kept back', () => {
  expect(split(Buffer.from(COMMANDS.join('').slice(0, -1)))).toEqual(COMMANDS.slice(0, -1));
});

test('what is no command of the protocol is refused', () => {
  expect(() => split(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(
    'this is no command of Redis’s protocol: "GET / HTTP/1.1"',
  );
});
