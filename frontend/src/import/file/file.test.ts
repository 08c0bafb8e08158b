import { describe, expect, it } from 'vitest'

import { cellsOf, fileOfCells, looksLikeTable } from './cells'
import { endingOf, faultOf } from './checks'

const file = (name: string, text = 'email') => new File([text], name)

describe('a file before it is sent', () => {
  it('is taken where its ending is that of a table, in any case', () => {
    for (const name of ['people.csv', 'PEOPLE.XLSX', 'export.tsv', 'people.txt', 'no-ending'])
      expect(faultOf([file(name)], 100)).toBeNull()
  })

  it('is refused where it is another kind of file, and old workbooks are told apart', () => {
    expect(faultOf([file('photo.png')], 100)).toEqual({ code: 'ending', ending: 'png' })
    expect(faultOf([file('people.xls')], 100)).toEqual({ code: 'workbook', ending: 'xls' })
  })

  it('is refused where it is empty or larger than allowed', () => {
    expect(faultOf([file('people.csv', '')], 100)).toEqual({ code: 'empty' })
    expect(faultOf([file('people.csv', 'x'.repeat(101))], 100)).toEqual({ code: 'size', sizeBytes: 101, maxBytes: 100 })
    expect(faultOf([file('people.csv', 'x'.repeat(100))], 100)).toBeNull()
  })

  it('is one file', () => {
    expect(faultOf([], 100)).toEqual({ code: 'several', count: 0 })
    expect(faultOf([file('a.csv'), file('b.csv')], 100)).toEqual({ code: 'several', count: 2 })
  })

  it('has the ending after the last dot, and none where the name begins with it', () => {
    expect(endingOf('people.2026.CSV')).toBe('csv')
    expect(endingOf('.csv')).toBe('')
  })
})

describe('cells that are pasted', () => {
  it('are split at tabs and at the line ends of all systems', () => {
    expect(cellsOf('a\tb\r\nc\td\ne\tf\rg\t')).toEqual([['a', 'b'], ['c', 'd'], ['e', 'f'], ['g', '']])
  })

  it('have no row for the line end that ends them, and keep empty rows between', () => {
    expect(cellsOf('a\n')).toEqual([['a']])
    expect(cellsOf('a\n\nb')).toEqual([['a'], [''], ['b']])
  })

  it('keep tabs, line ends and quotation marks in quoted cells', () => {
    expect(cellsOf('"a\tb"\t"c\nd"\t"e ""f"""')).toEqual([['a\tb', 'c\nd', 'e "f"']])
  })

  it('keep a quotation mark that quotes nothing', () => {
    expect(cellsOf('5" pipe\t"open\t"x"y')).toEqual([['5" pipe', '"open', '"x"y']])
  })

  it('look like a table with two rows and two columns', () => {
    expect(looksLikeTable('a\tb\nc\td')).toBe(true)
    expect(looksLikeTable('a\tb')).toBe(false)
    expect(looksLikeTable('a sentence\nand another')).toBe(false)
  })

  it('become a CSV file with each cell quoted', async () => {
    expect(await fileOfCells([['a"b', 'c,d']], 'x.csv').text()).toBe('"a""b","c,d"\r\n')
  })
})
