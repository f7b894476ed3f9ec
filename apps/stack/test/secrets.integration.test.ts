import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GlyphmillClient } from '@glyphmill/client';
import { trainResult } from '@glyphmill/contract';
import { startValkey } from '@glyphmill/runtimes';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { childrenOf, StackProcess } from './stack-process.fixture.js';

/** What no process may show, in the environment of everything that is started. */
const MARK = 'MARKED-SECRET';
const MARKED = { AWS_SECRET_ACCESS_KEY: MARK, NODE_AUTH_TOKEN: MARK };

let folder = '';
let started: StackProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-stack-'));
});
afterEach(async () => {
  for (const stack of started) await stack.clear();
  started = [];
  rmSync(folder, { recursive: true, force: true });
});

function start(settings: NodeJS.ProcessEnv): StackProcess {
  const quick = { PORT: '0', THREADS: '1', LOG_LEVEL: 'trace' };
  const stack = new StackProcess('main', { DATA_DIR: join(folder, 'data'), ...quick, ...MARKED, ...settings });
  started.push(stack);
  return stack;
}

/** Uses a stack for all that it is for, also wrongly, and returns everything that it answered. */
async function use(url: string): Promise<string> {
  const api = new GlyphmillClient({ url });
  const training = { maxSteps: 50, batchSize: 16, evalInterval: 25, checkpointIntervalSeconds: 0.5 };
  const trained = await api.jobs.train({ dataset: 'moby-dick', model: { kind: 'bigram' }, training });
  const model = trainResult.parse((await api.jobs.succeeded(trained.id)).result).model;
  const generated = await api.jobs.generate({ model, prompts: ['Call me ', '☃'], maxNewTokens: 20 });
  await api.jobs.succeeded(generated.id);

  const paths = [
    'jobs',
    'queues',
    'workers',
    'datasets',
    'models',
    'openapi.json',
    'nothing',
    'jobs/job_1',
    '%',
    'jobs?limit=x',
    ...[trained.id, generated.id].flatMap((id) => [`jobs/${id}`, `jobs/${id}/events`, `jobs/${id}/output`]),
    ...['manifest.json', 'README.md', 'config.json', 'metrics.jsonl'].map((file) => `models/${model}/files/${file}`),
  ];
  const answers = await Promise.all([
    ...[...paths.map((path) => `api/${path}`), 'docs', 'health/ready'].map((path) => fetch(`${url}/${path}`)),
    ...['train', 'generate', 'batch'].map((kind) => fetch(`${url}/api/jobs/${kind}`, { method: 'POST', body: '{' })),
  ]);
  return (
    await Promise.all(answers.map(async (each) => JSON.stringify([...each.headers]) + (await each.text())))
  ).join();
}

async function descendantsOf(pid: number): Promise<{ pid: number; args: string }[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map((child) => descendantsOf(child.pid)))).flat()];
}

/** Every file below a folder, as bytes that a search can be made in. */
function filesIn(path: string): Map<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
  const files = names.filter((name) => statSync(name).isFile());
  return new Map(files.map((name) => [name, readFileSync(name, 'latin1')]));
}

function filesWith(secret: string, files: Map<string, string>): string[] {
  return [...files].filter(([, content]) => content.includes(secret)).map(([name]) => name);
}

test.runIf(process.platform === 'linux')(
  'the password of the embedded Valkey is in its file and nowhere else, and what lies in DATA_DIR is its owner’s alone',
  async () => {
    const stack = start({});
    const [, url = ''] = await stack.says(/Ready: (\S+)\/docs/u);
    const data = join(folder, 'data');
    const passwordFile = join(data, 'valkey', 'password');
    const password = readFileSync(passwordFile, 'utf8').trim();
    const answered = await use(url);

    const processes = await descendantsOf(stack.pid);
    const engines = processes.filter(({ args }) => /-engine\.js/u.test(args));
    expect(engines.length).toBeGreaterThan(0);
    for (const { args } of processes) expect(args).not.toContain(password);
    for (const { pid } of [...engines, ...processes.filter(({ args }) => args.includes('valkey-server'))]) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(environment).not.toContain(password);
      expect(environment).not.toContain(MARK);
      expect(environment).not.toContain('REDIS_URL');
    }

    stack.signal('SIGTERM');
    expect(await stack.exitCode).toBe(0);
    const said = `${stack.output}${stack.errors}${answered}`;
    expect(said).toContain('worker ready');
    expect(said).not.toContain(password);
    expect(said).not.toContain(MARK);
    // Valkey's append-only file has every record and event.
    const stored = filesIn(data);
    expect(stored.size).toBeGreaterThan(10);
    expect(filesWith(password, stored)).toEqual([passwordFile]);
    expect(filesWith(MARK, stored)).toEqual([]);
    const open = ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })].filter(
      (name) => (statSync(join(data, name)).mode & 0o077) !== 0,
    );
    expect(open).toEqual([]);
  },
);

test('the password in a REDIS_URL that works is not printed, stored or answered, even when it stops working', async () => {
  const valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always' });
  const keeper = new Redis(valkey.url);
  try {
    await keeper.acl('SETUSER', 'mill', 'on', `>${MARK}`, '~*', '&*', '+@all');
    const stack = start({ REDIS_URL: `redis://mill:${MARK}@127.0.0.1:${valkey.port}/0` });
    const [, url = ''] = await stack.says(/Ready: (\S+)\/docs/u);
    expect(stack.output).toContain(`Redis    redis://127.0.0.1:${valkey.port}/0`);
    const answered = await use(url);
    for (const { args } of await descendantsOf(stack.pid)) expect(args).not.toContain(MARK);

    await keeper.acl('SETUSER', 'mill', 'resetpass', '>another');
    await keeper.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await stack.says(/WRONGPASS/u);
    const refused = await (await fetch(`${url}/health/ready`)).text();
    stack.signal('SIGTERM');
    await stack.exitCode;
    expect(`${stack.output}${stack.errors}${answered}${refused}`).not.toContain(MARK);
    expect(filesWith(MARK, filesIn(folder))).toEqual([]);
  } finally {
    keeper.disconnect();
    await valkey.stop();
  }
});

test.each([
  { REDIS_URL: `default:${MARK}@127.0.0.1:6379` },
  { REDIS_URL: `http://user:PA/${MARK}@127.0.0.1` },
  { REDIS_URL: `redis:/user:${MARK}@127.0.0.1` },
  { STORAGE_URL: `s3://KEY:${MARK}@bucket` },
])('with a setting that is refused the stack names it, and shows no part of it: %o', async (settings) => {
  const stack = start(settings);
  expect(await stack.exitCode).toBe(1);
  expect(stack.errors).toContain(`${Object.keys(settings)[0]} (not shown: it may hold a secret) cannot be used`);
  expect(`${stack.output}${stack.errors}`).not.toContain(MARK);
});
