// Prints what AsyncAPI's own parser finds wrong in a document; exit code 1 where that is an error: check.js FILE
const fs = require("fs");
const { Parser } = require("@asyncapi/parser");

new Parser().parse(fs.readFileSync(process.argv[2], "utf-8")).then(({ document, diagnostics }) => {
  // 0 is an error, 1 a warning; what is below is advice.
  const wrong = diagnostics.filter(({ severity }) => severity <= 1);
  for (const { message, path } of wrong) console.log(`${path.join(".")}: ${message}`);
  process.exit(document === undefined || wrong.length > 0 ? 1 : 0);
});
