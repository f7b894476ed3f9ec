import { type DamagedItem, type Dataset, dataset, datasetPage, type Page } from '@glyphmill/contract';
import type { HttpClient } from './http-client.js';
import { query } from './query.js';

/** Texts to train on, and files of prompts. */
export class DatasetsClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** Uploads a text in UTF-8. The same bytes are the same dataset, so a repetition does no harm. */
  async upload(text: string | Blob, { name, signal }: { name?: string; signal?: AbortSignal } = {}): Promise<Dataset> {
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    const path = `/api/datasets${query({ name })}`;
    return await this.#http.json({ method: 'POST', path, headers, body: text, signal }, dataset);
  }

  async get(id: string): Promise<Dataset> {
    return await this.#http.json({ path: `/api/datasets/${encodeURIComponent(id)}` }, dataset);
  }

  async list(page: { limit?: number; after?: string } = {}): Promise<Page<Dataset | DamagedItem>> {
    return await this.#http.json({ path: `/api/datasets${query(page)}` }, datasetPage);
  }

  async delete(id: string): Promise<void> {
    await this.#http.text({ method: 'DELETE', path: `/api/datasets/${encodeURIComponent(id)}` });
  }
}
