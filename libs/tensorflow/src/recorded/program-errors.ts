/** Where in a program something was wrong. */
interface Place {
  /** The entry whose body was recorded or run. */
  readonly entry?: string;
  /** The TensorFlow operation, where one is to blame. */
  readonly operation?: string;
}

/** Every error of a recorded program: `code` is stable, and the message ends with what to do. */
export abstract class RecordedProgramError extends Error {
  abstract readonly code: string;
  readonly entry: string | undefined;
  readonly operation: string | undefined;

  constructor(message: string, place: Place = {}, cause?: unknown) {
    super(
      place.entry === undefined ? message : `Entry '${place.entry}': ${message}`,
      cause === undefined ? {} : { cause },
    );
    this.entry = place.entry;
    this.operation = place.operation;
  }
}

/** `program_declaration_invalid`: a name, shape, type or example of the declaration, or what a body returned. */
export class ProgramDeclarationError extends RecordedProgramError {
  override readonly name = 'ProgramDeclarationError';
  readonly code = 'program_declaration_invalid';
}

/** `recording_read_back`: a body read a tensor's values into JavaScript, where the graph cannot follow. */
export class ReadBackError extends RecordedProgramError {
  override readonly name = 'ReadBackError';
  readonly code = 'recording_read_back';
}

/** `recording_outside_tensor`: a body used a tensor that was made before the recording. */
export class OutsideTensorError extends RecordedProgramError {
  override readonly name = 'OutsideTensorError';
  readonly code = 'recording_outside_tensor';
}

/** `recording_undeclared_variable`: a body made a variable, or read or assigned one that the program does not list. */
export class UndeclaredVariableError extends RecordedProgramError {
  override readonly name = 'UndeclaredVariableError';
  readonly code = 'recording_undeclared_variable';
}

/** `recording_random_operation`: random numbers that a graph would freeze, or draw from a state that no seed input sets. */
export class RandomOperationError extends RecordedProgramError {
  override readonly name = 'RandomOperationError';
  readonly code = 'recording_random_operation';
}

/** `recording_changed_constant`: a constant was another one when the body was recorded again. */
export class ChangedConstantError extends RecordedProgramError {
  override readonly name = 'ChangedConstantError';
  readonly code = 'recording_changed_constant';
}

/** `recording_changed_graph`: operations, attributes or edges were others when the body was recorded again. */
export class ChangedGraphError extends RecordedProgramError {
  override readonly name = 'ChangedGraphError';
  readonly code = 'recording_changed_graph';
}

/** `recording_changed_shape`: an operation's result had another shape when the body was recorded again. */
export class ChangedShapeError extends RecordedProgramError {
  override readonly name = 'ChangedShapeError';
  readonly code = 'recording_changed_shape';
}

/** `recording_unsupported`: an operation, type or attribute that a recorded graph cannot hold. */
export class UnsupportedOperationError extends RecordedProgramError {
  override readonly name = 'UnsupportedOperationError';
  readonly code = 'recording_unsupported';
}

/** `recording_operation_failed`: TensorFlow refused an operation while the body ran on its examples; `cause` says why. */
export class OperationFailedError extends RecordedProgramError {
  override readonly name = 'OperationFailedError';
  readonly code = 'recording_operation_failed';
}

/** `recording_missing_attribute`: eager execution infers an attribute that a graph needs to be told. */
export class MissingAttributeError extends RecordedProgramError {
  override readonly name = 'MissingAttributeError';
  readonly code = 'recording_missing_attribute';
}

/** `graph_rejected`: TensorFlow does not accept the recorded graph; `cause` says why. */
export class GraphRejectedError extends RecordedProgramError {
  override readonly name = 'GraphRejectedError';
  readonly code = 'graph_rejected';
}

/** `program_input_invalid`: a run or a write was given something other than what was declared. */
export class ProgramInputError extends RecordedProgramError {
  override readonly name = 'ProgramInputError';
  readonly code = 'program_input_invalid';
}

/** `program_run_failed`: TensorFlow failed while it ran the graph; `cause` says why. */
export class ProgramRunError extends RecordedProgramError {
  override readonly name = 'ProgramRunError';
  readonly code = 'program_run_failed';
}

/** `program_disposed`: the program was used after `dispose()`. */
export class ProgramDisposedError extends RecordedProgramError {
  override readonly name = 'ProgramDisposedError';
  readonly code = 'program_disposed';
}
