import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { settingsDocument } from '#cli/settings-document.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { LOCAL_SETTINGS } from '#local/settings.ts'
import { CommaList, optional, required, setting } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'

const definitions = {
  given: required('GIVEN', CommaList, 'Must be given.', 'a,b'),
  usual: setting('USUAL', Type.Integer(), 5, 'Has a default.', '7'),
  list: setting('LIST', CommaList, ['a', 'b'], 'Has a list.', 'a'),
  spare: optional('SPARE', Type.String(), 'May be missing.', 'x'),
}

function cells(line: string): string[] {
  return line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim())
}

/** The rows of each table, without its head, by the heading above it. */
function tables(text: string): Map<string, string[][]> {
  const sections = text.split('### ').slice(1)
  return new Map(
    sections.map((section) => {
      const [heading = '', , , , ...rows] = section.trimEnd().split('\n')
      return [heading, rows.map(cells)]
    }),
  )
}

describe('the document of the settings', () => {
  it('gives each variable its default, its meaning and an example', () => {
    const text = settingsDocument([{ service: 'Thing', definitions }])
    expect(tables(text).get('Thing')).toEqual([
      ['`GIVEN`', '**required**', 'Must be given.', '`a,b`'],
      ['`USUAL`', '`5`', 'Has a default.', '`7`'],
      ['`LIST`', '`a,b`', 'Has a list.', '`a`'],
      ['`SPARE`', 'none', 'May be missing.', '`x`'],
    ])
  })

  it.each([
    ['Ingress', INGRESS_SETTINGS],
    ['Consumers', CONSUMER_SETTINGS],
    ['Registrar', REGISTRAR_SETTINGS],
    ['Local stack (`npm start`)', LOCAL_SETTINGS],
  ])('leaves out no variable of: %s', (service, all) => {
    const rows = tables(settingsDocument()).get(service) ?? []
    const variables = Object.values(all).map(({ variable }) => `\`${variable}\``)
    expect(rows.map(([variable]) => variable)).toEqual(variables)
  })
})
