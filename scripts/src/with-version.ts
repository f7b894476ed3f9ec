type Versions = Record<string, string>;

export interface Manifest {
  workspaces?: string[];
  version: string;
  dependencies?: Versions;
  devDependencies?: Versions;
}

/** A package.json with a version, which its dependencies on packages of this project get too. */
export function withVersion<M extends Manifest>(manifest: M, version: string): M {
  const ours = (versions: Versions): Versions =>
    Object.fromEntries(
      Object.entries(versions).map(([name, own]) => [name, name.startsWith('@glyphmill/') ? version : own]),
    );
  const { dependencies, devDependencies } = manifest;
  return {
    ...manifest,
    version,
    ...(dependencies && { dependencies: ours(dependencies) }),
    ...(devDependencies && { devDependencies: ours(devDependencies) }),
  };
}
