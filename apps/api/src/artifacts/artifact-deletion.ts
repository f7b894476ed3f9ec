import { type Artifact, JobStore } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { Problem } from '../problem/problem.js';

/** Deletes datasets and models that no live job needs. */
@Injectable()
export class ArtifactDeletion {
  constructor(private readonly jobs: JobStore) {}

  /**
   * Deletes an artifact from storage. A job that needs it and is created at the same time is refused, or refuses the
   * deletion. Throws the problems `dataset_in_use` and `model_in_use`.
   */
  async delete(artifact: Artifact, deleteFiles: () => Promise<void>): Promise<void> {
    const user = await this.jobs.artifacts.startDeletion(artifact);
    if (user) {
      const { kind } = artifact;
      const detail = `The job ${user.id} is ${user.state} and uses this ${kind}. Cancel it, or wait until it has finished.`;
      throw new Problem(`${kind}_in_use`, detail, { members: { job: user.id } });
    }
    let isDeleted = false;
    try {
      await deleteFiles();
      isDeleted = true;
    } finally {
      await this.jobs.artifacts.endDeletion(artifact, isDeleted);
    }
  }
}
