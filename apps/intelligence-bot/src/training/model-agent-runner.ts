import {
  type AgentAnswer,
  type AgentDefinition,
  type AgentRunner,
  type LanguageModel,
  NearestExampleRunner,
} from '@kapelle/orchestrators';

/** Characters of examples that an agent is shown; further ones do not fit beside its question. */
const MAX_EXAMPLES_LENGTH = 12_000;
const MAX_OUTPUT_TOKENS = 700;

/**
 * Runs agents by a language model: who they are and what rules they have is its standing instruction, with the examples of the
 * definition below. One whose parameter `runner` is `examples` answers by its examples alone.
 */
export class ModelAgentRunner implements AgentRunner {
  readonly #model: LanguageModel;
  readonly #byExamples = new NearestExampleRunner();

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  async run(
    definition: AgentDefinition,
    input: string,
    options: { readonly signal: AbortSignal },
  ): Promise<AgentAnswer> {
    if (definition.parameters['runner'] === 'examples') {
      return this.#byExamples.run(definition, input, options);
    }
    const { text } = await this.#model.complete({
      system: instructionOf(definition),
      prompt: input,
      maxOutputTokens: MAX_OUTPUT_TOKENS,
      // The same question is to have the same answer, or a change cannot be told from chance.
      temperature: 0,
      signal: options.signal,
    });
    return { output: text.trim() };
  }
}

function instructionOf({ role, goal, backstory, instructions, examples }: AgentDefinition): string {
  const shown: string[] = [];
  let length = 0;
  for (const { input, expected } of examples) {
    const example = `Question: ${input}\nAnswer: ${expected}`;
    length += example.length;
    if (length > MAX_EXAMPLES_LENGTH) break;
    shown.push(example);
  }
  return [
    `You are ${role}. Your goal: ${goal}`,
    backstory,
    ...instructions.map((rule) => `- ${rule}`),
    ...(shown.length === 0 ? [] : ['Examples of how you answer:', ...shown]),
    'Give the answer alone.',
  ]
    .filter((line) => line !== '')
    .join('\n');
}
