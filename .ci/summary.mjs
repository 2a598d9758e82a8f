// Prints the closing line of .ci/run from vitest's JSON report and the exit code of `npm test`:
//   node .ci/summary.mjs coverage/report.json 0
// Plain JavaScript for any Node, since the one of the package may not be installed yet.
import { readFileSync } from 'node:fs'

const [file, code] = process.argv.slice(2)

/** A file that broke before its first test, as by a fault in an import, failed all the same. */
function brokenFiles({ testResults }) {
  const broken = ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  return testResults.filter(broken).length
}

function counts() {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = report
    const failed = numFailedTests + brokenFiles(report)
    return { passed, failed, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

const { passed, failed, skipped } = counts()
const isGood = code === '0' && failed === 0 && passed > 0
const blamed = isGood ? 0 : Math.max(1, failed)
const others = skipped > 0 ? `, ${skipped} skipped` : ''
process.stdout.write(`${passed} passed, ${blamed} failed${others}\n`)
process.exitCode = isGood ? 0 : 1
