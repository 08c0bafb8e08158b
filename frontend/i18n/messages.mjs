/**
 * Finds the messages of the page in its sources, and the strings that a user would see but no catalogue holds.
 *
 * A message is `<Trans id="…" message="…" />` or an object `{ id: '…', message: '…' }`. TypeScript 7 has no API for its
 * parser, so this uses the one that Vite brings.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'

/** Attributes that a browser shows or a screen reader reads. */
const SEEN_ATTRIBUTES = new Set(['alt', 'aria-label', 'aria-description', 'aria-roledescription', 'placeholder', 'title', 'label'])
const HAS_LETTERS = /\p{L}{2,}/u

/** @returns {string[]} The paths of the sources below a folder, tests left out, in a fixed order. */
export function sourcesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.|schema\.ts$/.test(path))
    .sort()
    .map((path) => join(folder, path))
}

/**
 * @param {string} path - For messages about the source.
 * @param {string} code - The source.
 * @returns {{messages: {id: string, message: string, start: number, end: number}[], bare: {text: string, line: number}[]}}
 *   `start` and `end` of the message's property or attribute; `bare`: visible strings outside the catalogue.
 */
export function readSource(path, code) {
  const messages = []
  const bare = []
  walk(parseSync(path, code).program, (node) => {
    const found = messageOf(node)
    if (found) messages.push(found)
    const line = () => code.slice(0, node.start).split('\n').length
    for (const text of bareTexts(node)) if (HAS_LETTERS.test(text)) bare.push({ text, line: line() })
  })
  return { messages, bare }
}

/** @returns {Map<string, string>} The English text of each id in the folder's sources. */
export function messagesIn(folder) {
  const all = new Map()
  for (const path of sourcesIn(folder)) {
    for (const { id, message } of readSource(path, readFileSync(path, 'utf8')).messages) {
      if (all.has(id) && all.get(id) !== message) throw new Error(`${path}: ${id} has two texts.`)
      all.set(id, message)
    }
  }
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, visit)
  } else if (node && typeof node === 'object') {
    if (typeof node.type === 'string') visit(node)
    for (const [key, value] of Object.entries(node)) if (key !== 'parent') walk(value, visit)
  }
}

function messageOf(node) {
  if (node.type === 'JSXOpeningElement' && node.name.name === 'Trans') {
    const named = (name) => node.attributes.find((each) => each.name?.name === name)
    return found(named('id')?.value, named('message')?.value, named('message'))
  }
  if (node.type === 'ObjectExpression') {
    const named = (name) => node.properties.find((each) => each.key?.name === name)
    return found(named('id')?.value, named('message')?.value, named('message'))
  }
  return null
}

function found(id, message, node) {
  const [idText, messageText] = [literal(id), literal(message)]
  return idText && messageText ? { id: idText, message: messageText, start: node.start, end: node.end } : null
}

/** The text of a string, of a template without values, or of an attribute that holds one of them. */
function literal(node) {
  if (node?.type === 'JSXExpressionContainer') return literal(node.expression)
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : null
}

/** The strings that a node shows, outside of any message. */
function bareTexts(node) {
  if (node.type === 'JSXText') return [node.value.trim()]
  if (node.type === 'JSXAttribute' && SEEN_ATTRIBUTES.has(node.name.name)) return shownBy(node.value)
  if (node.type === 'JSXElement' || node.type === 'JSXFragment')
    return node.children.filter(({ type }) => type === 'JSXExpressionContainer').flatMap(shownBy)
  return []
}

/** The strings that an expression may have as its value. */
function shownBy(node) {
  switch (node?.type) {
    case 'JSXExpressionContainer':
      return shownBy(node.expression)
    case 'ConditionalExpression':
      return [...shownBy(node.consequent), ...shownBy(node.alternate)]
    case 'LogicalExpression':
      return [...shownBy(node.left), ...shownBy(node.right)]
    case 'TemplateLiteral':
      return node.quasis.map(({ value }) => value.cooked)
    default:
      return [literal(node)].filter(Boolean)
  }
}
