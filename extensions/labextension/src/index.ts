import { displayPlugin } from './display/plugin';
import { jobsPlugin } from './jobs/plugin';
import { queryPlugin } from './query/plugin';

export * from './tokens';

export default [jobsPlugin, displayPlugin, queryPlugin];
