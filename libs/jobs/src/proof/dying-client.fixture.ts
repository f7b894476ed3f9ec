import { generateRequest, trainRequest } from '@glyphmill/contract';
import { JobBoard } from '../board/job-board.js';
import { connectRedis } from '../redis/redis-connection.js';

/** An API in a process of its own, which makes two jobs in one transaction, and says when it has heard that they are. */
const [redisUrl = '', prefix = ''] = process.argv.slice(2);
export const store = new JobBoard({ redis: connectRedis(redisUrl, 'api', () => undefined), prefix });

const train = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
const generate = generateRequest.parse({ model: 'model_1', prompts: ['a', 'b'] });
await store.create([
  { kind: 'train', request: train },
  { kind: 'generate', request: generate, promptCount: 2 },
]);
process.send?.('made');
