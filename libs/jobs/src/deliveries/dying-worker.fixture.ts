import { DeliveryWorker } from '../deliveries/delivery-worker.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { connectRedis } from '../redis/redis-connection.js';

/** A worker in a process of its own, which claims one job, says so, and works on it until it is killed. */
const [redisUrl = '', prefix = '', timing = '{}'] = process.argv.slice(2);
const ignore = () => undefined;
const store = new WorkedBoard({ redis: connectRedis(redisUrl, 'worker', ignore), prefix });

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const options: { lockDurationMs?: number } = JSON.parse(timing);
export const worker = new DeliveryWorker({
  lane: 'train',
  redisUrl,
  prefix,
  onError: ignore,
  ...options,
  handle: async ({ jobId, number, lock }) => {
    await store.claim(jobId, { delivery: number, token: 'first', worker: 'dying', lock });
    process.send?.('claimed');
    await new Promise(ignore);
  },
});
