import type { ProcessMemory } from './process-memory.js';

/** How many jobs and followers a run has. */
export interface EnduranceLoad {
  models: number;
  generateJobs: number;
  trainJobs: number;
  followers: number;
}

/** What all processes hold after some of the work. */
export interface Look {
  generateJobs: number;
  processes: ProcessMemory[];
}
