import { trainingRuntime } from '@glyphmill/model/training';

/** One process of a benchmark: prints the versions of what training runs here run on, in a JSON line. */
const { libraries } = await trainingRuntime();
console.log(JSON.stringify(libraries));
