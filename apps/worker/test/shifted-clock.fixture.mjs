// Loaded before a process's own code: its clock is so many milliseconds ahead of everybody else's.
const aheadMs = Number(process.env['GLYPHMILL_CLOCK_AHEAD_MS'] ?? 0);
const TrueDate = Date;

globalThis.Date = class extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(TrueDate.now() + aheadMs);
    else super(...given);
  }

  static now() {
    return TrueDate.now() + aheadMs;
  }
};
