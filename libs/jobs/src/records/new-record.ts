/** The fields of a new record, except when it was created. */
export type NewRecord = Record<string, string | number>;
