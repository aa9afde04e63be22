import { linkTo, timeOf } from './briefing-message.js';
import type { CommandHandler } from './command-desk.js';
import type { ChatField } from './chat-surface.js';
import { line } from './chat-text.js';
import { COLOR } from './colors.js';
import { deliver } from './delivery.js';

/** Parts that are shown one by one. */
const SHOWN_PARTS = 15;

/** `/status`: what is being analysed here. Of others only how many there are. */
export const statusCommand: CommandHandler = {
  isPrivate: true,
  async run({ running, kept, logger, startedAt }, { answer, tenantId }) {
    const here = running.of(tenantId);
    const waiting = kept.of(tenantId).length;
    const elsewhere = running.size - here.length;
    const fields: ChatField[] = [
      {
        name: 'Elsewhere',
        value: elsewhere === 0 ? 'nothing' : `${String(elsewhere)} running`,
        isInline: true,
      },
      { name: 'Up since', value: timeOf(new Date(startedAt).toISOString()), isInline: true },
      ...(waiting === 0
        ? []
        : [{ name: 'Not delivered', value: `${String(waiting)}: \`/results\` has them.`, isInline: true }]),
    ];
    const description = here
      .map(({ source, ratio, stage, userId, startedAt: from }) => {
        const at = `${String(Math.round(ratio * 100))} %${stage === '' ? '' : ` ${line(stage, 80)}`}`;
        return `${linkTo(source)}\n${at} · <@${userId}> · ${timeOf(new Date(from).toISOString())}`;
      })
      .join('\n\n');
    const embed = {
      title: here.length === 0 ? 'Nothing is being analysed here' : 'Being analysed here',
      ...(description === '' ? {} : { description }),
      color: here.length === 0 ? COLOR.plain : COLOR.working,
      fields,
    };
    await deliver(answer, [{ embeds: [embed] }], { logger, isPrivate: true });
  },
};

/** `/health`: whether everything that the bot is made of works. For those who run it. */
export const healthCommand: CommandHandler = {
  isPrivate: true,
  isForOperators: true,
  async run({ host, logger }, { answer }) {
    const { status, ready, score, orchestrators } = host.health();
    const parts = Object.entries(orchestrators);
    const troubled = parts.filter(([, each]) => each.status !== 'healthy');
    const told = troubled
      .slice(0, SHOWN_PARTS)
      .map(
        ([name, each]) =>
          `**${line(name, 80)}**: ${each.status}${each.message === undefined ? '' : `, ${line(each.message, 180)}`}`,
      );
    if (troubled.length > SHOWN_PARTS) told.push(`… ${String(troubled.length - SHOWN_PARTS)} more`);
    const embed = {
      title: status === 'healthy' ? 'Everything works' : `The bot is ${status}`,
      description: troubled.length === 0 ? `All ${String(parts.length)} parts are healthy.` : told.join('\n'),
      color: status === 'healthy' ? COLOR.done : status === 'degraded' ? COLOR.reduced : COLOR.failed,
      fields: [
        { name: 'Takes work', value: ready ? 'yes' : 'no', isInline: true },
        { name: 'Score', value: `${String(score)} of 100`, isInline: true },
        {
          name: 'Parts',
          value: `${String(parts.length - troubled.length)} of ${String(parts.length)} healthy`,
          isInline: true,
        },
      ],
    };
    await deliver(answer, [{ embeds: [embed] }], { logger, isPrivate: true });
  },
};
