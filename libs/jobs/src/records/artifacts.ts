/** Something in storage that jobs need until they end. */
export interface Artifact {
  kind: 'dataset' | 'model';
  id: string;
}

/** An artifact, and the field of the request that names it. */
export interface NamedArtifact extends Artifact {
  field: 'dataset' | 'model' | 'promptsDataset' | 'initFrom';
}

/** Artifacts as a record names them, and the ends of the keys of their sets of users: a JSON array of `<kind>:<id>`. */
export function recordedArtifacts(artifacts: Artifact[]): string {
  return JSON.stringify(artifacts.map(({ kind, id }) => `${kind}:${id}`));
}
