// The official clients against the gateway, at every door that they speak. Run by .ci/run.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText, tool, stepCountIs } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { z } from 'zod';

const hello = 'Hello from the gateway.';
const model = 'smart';
const schema = { type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'integer' } }, required: ['city', 'degrees'], additionalProperties: false };
let gateway, url, rich, poor, fake;

before(async () => {
  gateway = spawn(process.env.GATEWAY_PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await new Promise((resolve) => createInterface({ input: gateway.stdout }).once('line', (text) => resolve([text])));
  [url, rich, poor, fake] = line.split(' ');
});
after(() => gateway.stdin.end());

const openai = (apiKey = rich) => new OpenAI({ baseURL: `${url}/v1`, apiKey });
const anthropic = (apiKey = rich) => new Anthropic({ baseURL: url, apiKey });
const calls = async () => (await (await fetch(`${fake}/_fake/stats`)).json()).calls;
const say = (content) => [{ role: 'user', content }];
async function collect(stream, piece) {
  let text = '';
  for await (const one of stream) text += piece(one) ?? '';
  return text;
}

test('openai, chat: whole, streamed, tools, structured output', async () => {
  const client = openai().chat.completions;
  const whole = await client.create({ model, messages: say('Hi') });
  assert.equal(whole.choices[0].message.content, hello);
  assert.ok(whole.usage.total_tokens > 0);
  const stream = await client.create({ model, stream: true, stream_options: { include_usage: true }, messages: say('Hi') });
  assert.equal(await collect(stream, (chunk) => chunk.choices[0]?.delta.content), hello);
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
  const called = await client.create({ model, tools, messages: say('The weather?') });
  assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { city: 'Paris' });
  const runner = await openai().chat.completions.stream({ model, tools, messages: say('The weather?') }).finalChatCompletion();
  assert.equal(runner.choices[0].message.tool_calls[0].function.name, 'weather');
  const parsed = await client.parse({ model, messages: say('Paris as JSON'), response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } } });
  assert.equal(JSON.parse(parsed.choices[0].message.content).degrees, 21);
});

test('openai, responses: whole, streamed, tools', async () => {
  const client = openai().responses;
  const whole = await client.create({ model, store: false, input: 'Hi' });
  assert.equal(whole.output_text, hello);
  const stream = client.stream({ model, store: false, input: 'Hi' });
  assert.equal((await stream.finalResponse()).output_text, hello);
  const called = await client.create({ model, store: false, input: 'The weather?', tools: [{ type: 'function', name: 'weather', strict: false, parameters: { type: 'object', properties: { city: { type: 'string' } } } }] });
  assert.equal(called.output.find((item) => item.type === 'function_call').name, 'weather');
});

test('openai: models, and failures in its own classes', async () => {
  const names = [];
  for await (const one of openai().models.list()) names.push(one.id);
  assert.deepEqual(names, [model]);
  await assert.rejects(openai('hydra-wrong').chat.completions.create({ model, messages: say('Hi') }), OpenAI.AuthenticationError);
  await assert.rejects(openai().chat.completions.create({ model: 'nobody', messages: say('Hi') }), OpenAI.NotFoundError);
  await assert.rejects(openai().chat.completions.create({ model, messages: say('too long') }), (error) => error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded');
  const cut = await openai().chat.completions.create({ model, stream: true, messages: say('cut') });
  await assert.rejects(collect(cut, (chunk) => chunk.choices[0]?.delta.content), OpenAI.APIError);
});

test('a spent budget is not knocked at again by either maker\'s client', async () => {
  const before = await calls();
  let requests = 0;
  const counting = (...args) => (requests++, fetch(...args));
  await assert.rejects(new OpenAI({ baseURL: `${url}/v1`, apiKey: poor, fetch: counting }).chat.completions.create({ model, messages: say('Hi') }), OpenAI.RateLimitError);
  assert.equal(requests, 1);
  await assert.rejects(new Anthropic({ baseURL: url, apiKey: poor, fetch: counting }).messages.create({ model, max_tokens: 50, messages: say('Hi') }), Anthropic.APIError);
  assert.equal(requests, 2);
  assert.equal(await calls(), before);
});

test('anthropic, messages: whole, streamed, tools, tokens counted, failures', async () => {
  const client = anthropic().messages;
  const whole = await client.create({ model, max_tokens: 50, messages: say('Hi') });
  assert.equal(whole.content[0].text, hello);
  assert.equal(whole.stop_reason, 'end_turn');
  assert.equal(await client.stream({ model, max_tokens: 50, messages: say('Hi') }).finalText(), hello);
  const tools = [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];
  const called = await client.stream({ model, max_tokens: 50, tools, messages: say('The weather?') }).finalMessage();
  assert.deepEqual(called.content.find((block) => block.type === 'tool_use').input, { city: 'Paris' });
  assert.ok((await client.countTokens({ model, messages: say('Hi') })).input_tokens > 0);
  await assert.rejects(anthropic('hydra-wrong').messages.create({ model, max_tokens: 50, messages: say('Hi') }), Anthropic.AuthenticationError);
  await assert.rejects(client.create({ model: 'nobody', max_tokens: 50, messages: say('Hi') }), Anthropic.NotFoundError);
});

test('ai: generate, stream and tools over each door', async () => {
  const doors = [
    createOpenAI({ baseURL: `${url}/v1`, apiKey: rich }).chat(model),
    createOpenAI({ baseURL: `${url}/v1`, apiKey: rich }).responses(model),
    createAnthropic({ baseURL: `${url}/v1`, apiKey: rich })(model),
    createOpenAICompatible({ name: 'hydra', baseURL: `${url}/v1`, apiKey: rich })(model),
  ];
  const weather = tool({ description: 'The weather', inputSchema: z.object({ city: z.string() }) });
  for (const door of doors) {
    assert.equal((await generateText({ model: door, prompt: 'Hi' })).text, hello);
    assert.equal(await collect(streamText({ model: door, prompt: 'Hi' }).textStream, (piece) => piece), hello);
    const called = await generateText({ model: door, prompt: 'The weather?', tools: { weather }, stopWhen: stepCountIs(1) });
    assert.deepEqual(called.toolCalls[0].input, { city: 'Paris' });
  }
});
