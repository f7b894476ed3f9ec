import { PROMPT_LIST_BYTES, type PromptStore, promptsKey } from '@glyphmill/jobs';
import { ArtifactNotFoundError, type Storage } from '@glyphmill/storage';

/** The prompts of jobs that are too large for their records, in the artifact store. */
export class StoredPrompts implements PromptStore {
  constructor(private readonly storage: Storage) {}

  async write(jobId: string, prompts: string): Promise<void> {
    await this.storage.put(promptsKey(jobId), prompts);
  }

  async read(jobId: string): Promise<string | undefined> {
    try {
      return (await this.storage.readBytes(promptsKey(jobId), { maxBytes: PROMPT_LIST_BYTES })).toString('utf8');
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return undefined;
      throw error;
    }
  }

  async remove(jobId: string): Promise<void> {
    await this.storage.delete(promptsKey(jobId));
  }
}
