import { type DamagedItem, modelPage, type Page } from '@glyphmill/contract';
import { type ModelManifest, modelManifest } from '@glyphmill/model/config';
import type { HttpClient } from './http-client.js';
import { query } from './query.js';

/** Models that were trained. */
export class ModelsClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async get(id: string): Promise<ModelManifest> {
    return await this.#http.json({ path: pathOf(id) }, modelManifest);
  }

  async list(page: { limit?: number; after?: string } = {}): Promise<Page<ModelManifest | DamagedItem>> {
    return await this.#http.json({ path: `/api/models${query(page)}` }, modelPage);
  }

  /** A file of the model's folder, such as `onnx/model.onnx`. */
  async file(id: string, file: string, { signal }: { signal?: AbortSignal } = {}): Promise<Response> {
    const path = file.split('/').map(encodeURIComponent).join('/');
    return await this.#http.open({ path: `${pathOf(id)}/files/${path}`, signal });
  }

  async delete(id: string): Promise<void> {
    await this.#http.text({ method: 'DELETE', path: pathOf(id) });
  }
}

function pathOf(id: string): string {
  return `/api/models/${encodeURIComponent(id)}`;
}
