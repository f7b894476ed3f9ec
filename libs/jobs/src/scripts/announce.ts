import { LuaScript } from '../redis/lua-script.js';
import { SERVER_TIME } from './events.js';

/**
 * Says for a while that a worker exists, and takes those off the list that have said nothing for as long.
 * `info` is what the worker says of itself (JSON), `holdsMs` how long that holds.
 */
export const announce = new LuaScript(
  { keys: ['worker', 'workers'], args: ['id', 'info', 'holdsMs'] },
  `${SERVER_TIME}
redis.call('SET', key.worker, arg.info, 'PX', arg.holdsMs)
redis.call('ZADD', key.workers, now, arg.id)
redis.call('ZREMRANGEBYSCORE', key.workers, '-inf', now - arg.holdsMs)
`,
);
