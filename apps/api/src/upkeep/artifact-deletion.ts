import { Catalog, NotInCatalogError } from '@glyphmill/catalog';
import { MOBY_DICK } from '@glyphmill/contract';
import { type Artifact, JobBoard } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { Refusal } from '../intake/refusal.js';

/** Deletes datasets and models that no live job needs. */
@Injectable()
export class ArtifactDeletion {
  constructor(
    private readonly catalog: Catalog,
    private readonly jobs: JobBoard,
  ) {}

  /**
   * Deletes an artifact from storage, even a damaged one. A job that needs it and is created at the same time is refused,
   * or refuses the deletion. Throws `NotInCatalogError`, and a {@link Refusal} (`dataset_built_in`, `dataset_in_use`,
   * `model_in_use`).
   */
  async delete(artifact: Artifact): Promise<void> {
    const { kind, id } = artifact;
    const collection = kind === 'dataset' ? this.catalog.datasets : this.catalog.models;
    if (!(await collection.has(id))) throw new NotInCatalogError(kind, id, id);
    if (kind === 'dataset' && id === MOBY_DICK) {
      throw new Refusal('dataset_built_in', `"${MOBY_DICK}" is built in and cannot be deleted`);
    }
    const user = await this.jobs.artifacts.startDeletion(artifact);
    if (user) {
      const reason = `The job ${user.id} is ${user.state} and uses this ${kind}`;
      const remedy = 'Cancel it, or wait until it has finished.';
      throw new Refusal(`${kind}_in_use`, reason, { remedy, facts: { job: user.id } });
    }
    let isDeleted = false;
    try {
      await collection.delete(id);
      isDeleted = true;
    } finally {
      await this.jobs.artifacts.endDeletion(artifact, isDeleted);
    }
  }
}
