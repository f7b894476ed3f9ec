import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataset, datasetPage, modelPage } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const api = useApi();

/** What may have become of a JSON document in storage. */
const DAMAGES: [string, (path: string) => unknown, string][] = [
  ['is empty', (path) => writeFile(path, ''), 'it is empty'],
  ['is binary', (path) => writeFile(path, randomBytes(4096)), 'it is not JSON'],
  ['is cut short', (path) => truncate(path, 20), 'it is not JSON'],
  ['is null', (path) => writeFile(path, 'null'), 'it is not as it should be'],
  ['is huge', (path) => truncate(path, 2 ** 40), 'it has 1099511627776 bytes'],
  ['is missing', (path) => rm(path), 'it is missing'],
  ['is a link', (path) => replace(path, () => symlink('/etc/hostname', path)), 'neither a file nor a folder'],
  ['is a link to a device', (path) => replace(path, () => symlink('/dev/zero', path)), 'neither a file nor a folder'],
  ['is a FIFO', (path) => replace(path, () => execFileSync('mkfifo', [path])), 'neither a file nor a folder'],
  ['is a folder', (path) => replace(path, () => mkdir(path)), 'it is missing'],
];

async function replace(path: string, make: () => unknown): Promise<void> {
  await rm(path);
  await make();
}

async function upload(text: string): Promise<z.output<typeof dataset>> {
  const headers = { 'content-type': 'text/plain' };
  return dataset.parse(
    await (await fetch(`${api().url}/api/datasets`, { method: 'POST', headers, body: text })).json(),
  );
}

async function pathOf(key: string): Promise<string> {
  const [folder = '', id = '', ...file] = key.split('/');
  return join((await api().storage.localFolder(`${folder}/${id}`)).path, ...file);
}

test.each(DAMAGES)(
  'a model whose manifest %s is marked among the others, and can be deleted',
  async (_, damage, what) => {
    const whole = await publishModel(api().storage);
    const id = await publishModel(api().storage);
    await damage(await pathOf(`models/${id}/manifest.json`));

    const { data } = modelPage.parse(await (await fetch(`${api().url}/api/models`)).json());
    const error = { code: 'artifact_damaged', message: expect.stringContaining(what) };
    expect(data).toContainEqual({ id, error });
    expect(data).toContainEqual(expect.objectContaining({ id: whole, name: 'whale' }));

    const url = `${api().url}/api/models/${id}`;
    for (const response of [
      await fetch(url),
      await fetch(`${url}/files/README.md`),
      await postJson(`${api().url}/api/jobs/generate`, { model: id, prompts: ['a'] }),
      await postJson(`${api().url}/api/jobs/train`, {
        dataset: 'moby-dick',
        model: { kind: 'bigram' },
        initFrom: { model: id },
      }),
    ]) {
      const detail = expect.stringContaining(what);
      expect(await problemOf(response)).toMatchObject({ status: 409, code: 'artifact_damaged', detail });
    }
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
  },
);

test.each([
  ['another format', { formatVersion: 2 }, 'its format is version 2; this version of Glyphmill reads 1'],
  ['another model', { id: 'model_other' }, 'it is that of the model "model_other"'],
])('a model whose manifest is of %s is marked as that', async (_, about, what) => {
  const id = await publishModel(api().storage);
  const path = await pathOf(`models/${id}/manifest.json`);
  const manifest = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(String(await api().storage.readBytes(`models/${id}/manifest.json`))));
  await writeFile(path, JSON.stringify({ ...manifest, ...about }));
  const response = await fetch(`${api().url}/api/models/${id}`);
  expect(await problemOf(response)).toMatchObject({ status: 409, detail: expect.stringContaining(what) });
});

test.each(DAMAGES)(
  'a dataset whose description %s is marked among the others, and can be deleted',
  async (name, damage, what) => {
    const whole = await upload('the whale and the ship');
    const { id } = await upload(`the whale ${name}`);
    await damage(await pathOf(`datasets/${id}/dataset.json`));

    const { data } = datasetPage.parse(await (await fetch(`${api().url}/api/datasets`)).json());
    expect(data).toContainEqual({ id, error: { code: 'artifact_damaged', message: expect.stringContaining(what) } });
    expect(data).toContainEqual(whole);

    const url = `${api().url}/api/datasets/${id}`;
    for (const response of [
      await fetch(url),
      await fetch(`${url}/content`),
      await postJson(`${api().url}/api/jobs/train`, { dataset: id, model: { kind: 'bigram' } }),
    ]) {
      expect(await problemOf(response)).toMatchObject({ status: 409, code: 'artifact_damaged' });
    }
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
  },
);

test.each(DAMAGES)('the same text sent again repairs a dataset whose content %s', async (name, damage) => {
  const text = `a text that is longer than where it is cut: ${name}`;
  const sent = await upload(text);
  await damage(await pathOf(`datasets/${sent.id}/content`));
  expect(await upload(text)).toMatchObject({ id: sent.id, sha256: sent.sha256 });
  const content = await fetch(`${api().url}/api/datasets/${sent.id}/content`);
  expect(await content.text()).toBe(text);
});

test.each([
  ['missing', (path: string) => rm(path)],
  ['a FIFO', (path: string) => replace(path, () => execFileSync('mkfifo', [path]))],
])('a file of a model that is %s is a problem, not an internal error', async (_, damage) => {
  const id = await publishModel(api().storage);
  await damage(await pathOf(`models/${id}/onnx/model.onnx`));
  const response = await fetch(`${api().url}/api/models/${id}/files/onnx/model.onnx`);
  expect(await problemOf(response)).toMatchObject({ status: 409, code: 'artifact_damaged' });
});
