/** `model_folder_invalid`: a folder that is not a whole model, or one that this version cannot read. */
export class ModelFolderError extends Error {
  override readonly name = 'ModelFolderError';
  readonly code = 'model_folder_invalid';

  constructor(what: string, options?: ErrorOptions) {
    super(`The model cannot be opened: ${what}.`, options);
  }
}
