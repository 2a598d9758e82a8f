// Preloaded before any TypeScript, so it runs on Nodes that could not load the rest.
// 22.18 and 23.6 are the first to run TypeScript without a flag; JSON.rawJSON came with 21.
const [major, minor] = process.versions.node.split('.').map(Number)
const runsTheSources = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)

if (!runsTheSources) {
  process.stderr.write(
    `Node ${process.versions.node} is too old, event-router needs 22.18 or newer: run \`npm ci\` and start with \`npm start\` (it brings Node 24 on Linux x64 and arm64), or install Node 24.\n`,
  )
  process.exit(1)
}
