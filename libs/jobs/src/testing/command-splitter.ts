const LINE_END = Buffer.from('\r\n');

/**
 * Splits what a client sends to Redis into its commands, each an array of bulk strings
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/), wherever the network splits it.
 */
export class CommandSplitter {
  /** What has come of a command that is not yet complete. */
  #rest: Buffer = Buffer.alloc(0);

  /** The commands that these bytes complete, each with all of its bytes. */
  push(bytes: Buffer): Buffer[] {
    let rest = Buffer.concat([this.#rest, bytes]);
    const commands: Buffer[] = [];
    for (let end = endOfCommand(rest); end !== undefined; end = endOfCommand(rest)) {
      commands.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return commands;
  }
}

/** Where the command that bytes begin with ends; `undefined` while it is not complete. */
function endOfCommand(bytes: Buffer): number | undefined {
  const header = readLength(bytes, 0);
  if (!header) return undefined;
  let at = header.end;
  for (let argument = 0; argument < header.length; argument += 1) {
    const bulk = readLength(bytes, at);
    if (!bulk) return undefined;
    at = bulk.end + bulk.length + LINE_END.length;
  }
  return at <= bytes.length ? at : undefined;
}

/** The number in a line such as `*3` or `$12`, and where the line ends; `undefined` if the line is not complete. */
function readLength(bytes: Buffer, at: number): { length: number; end: number } | undefined {
  const end = bytes.indexOf(LINE_END, at);
  if (end < 0) return undefined;
  const line = bytes.toString('latin1', at, end);
  if (!/^[*$]\d+$/u.test(line)) throw new Error(`this is no command of Redis’s protocol: ${JSON.stringify(line)}`);
  return { length: Number(line.slice(1)), end: end + LINE_END.length };
}
