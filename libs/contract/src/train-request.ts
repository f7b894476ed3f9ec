import {
  completeTrainingConfig,
  MAX_BATCH_TOKENS,
  modelConfig,
  partialTrainingConfig,
  trainingConfig,
  trainingContradictions,
} from '@glyphmill/model/config';
import { z } from 'zod';
import { deliveryFields, shownDeliveryFields } from './delivery-fields.js';
import { givenName } from './given-name.js';
import { identifier } from './identifier.js';
import { initFrom, mappedModel } from './starting-point.js';

/** A train request as a record keeps it. Versions before this one filled in schedules that {@link trainRequest} refuses. */
export const recordedTrainRequest = z
  .strictObject({
    dataset: identifier.describe("A dataset's id; `moby-dick` is always there."),
    name: givenName.optional().describe("The model's name."),
    model: modelConfig,
    training: partialTrainingConfig.default({}),
    initFrom: initFrom
      .optional()
      .describe('A model to start from instead of random weights: its id, or its id and how what differs is mapped.'),
    resumeFrom: identifier
      .optional()
      .describe(
        'A finished train job to continue from: weights, moments and place in the text are those of its newest ' +
          'checkpoint. Dataset and model must be the same, and maxSteps beyond its step. What `training` leaves out is ' +
          'the default again, not what that job had. The learning rate of a step is that of a new training with these ' +
          'settings: the schedule stretches over the new maxSteps. Patience counts anew, and when evalBatches is another, ' +
          'the best weights so far are measured anew.',
      ),
    ...deliveryFields,
  })
  .transform((request) => ({
    ...request,
    training: completeTrainingConfig(request.model.kind, request.training),
  }))
  .refine(({ initFrom: model, resumeFrom }) => model === undefined || resumeFrom === undefined, {
    path: ['resumeFrom'],
    error: 'initFrom and resumeFrom are two starting points; give one of them',
  })
  .refine(({ model, training }) => training.batchSize * model.blockSize <= MAX_BATCH_TOKENS, {
    path: ['training', 'batchSize'],
    error: `batchSize × blockSize may be at most ${MAX_BATCH_TOKENS} tokens per step; take a smaller batch`,
  });
export type TrainRequest = z.output<typeof recordedTrainRequest>;

/** The body of `POST /api/jobs/train`. */
export const trainRequest = recordedTrainRequest
  .superRefine(({ training }, context) => {
    for (const { field, message } of trainingContradictions(training)) {
      context.addIssue({ code: 'custom', path: ['training', field], message });
    }
  })
  .meta({ not: { required: ['initFrom', 'resumeFrom'] } });

/** The body of `POST /api/jobs/train` as a client writes it: what has a default may be left out. */
export type TrainRequestInput = z.input<typeof trainRequest>;

/** A train request as its job shows it: with every default. */
export const shownTrainRequest = z.object({
  dataset: z.string(),
  name: z.string().optional(),
  model: modelConfig,
  training: trainingConfig,
  initFrom: mappedModel.optional(),
  resumeFrom: z.string().optional(),
  ...shownDeliveryFields,
});
