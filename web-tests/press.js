// node press.js ADDRESS BUTTON…: opens a page in Debian's chromium, on a phone's screen and without scripts, and presses
// its buttons one after the other. Prints what is then seen. Fails where a page does, where a button is not there, or
// where something is wider than the screen.
"use strict";

const fs = require("node:fs");

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "fa-IR", javaScriptEnabled: false };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

function needs(what) {
  console.error(`${what} is missing: run scripts/install-test-tools`);
  process.exit(2);
}

function playwright() {
  try {
    return require("playwright-core");
  } catch {
    return needs("playwright-core in web-tests/node_modules");
  }
}

function expect(is, sentence) {
  if (!is) throw new Error(sentence);
}

async function look(page, response) {
  const at = page.url();
  expect(response && response.ok(), `${at} answered ${response ? response.status() : "nothing"}`);
  const [widest, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(widest <= screen, `${at} is ${widest} pixels wide on a screen of ${screen}`);
  const [language, direction] = await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
  expect(language === "fa" && direction === "rtl", `${at} is in ${language}, ${direction}`);
}

async function press(page, name) {
  const button = page.getByRole("button", { name, exact: true });
  const count = await button.count();
  expect(count === 1, `${page.url()} has ${count} buttons «${name}»:\n${await page.locator("body").innerText()}`);
  const [response] = await Promise.all([page.waitForNavigation(), button.tap()]);
  await look(page, response);
}

async function main([address, ...buttons]) {
  expect(address, "node press.js ADDRESS BUTTON…");
  const { chromium } = playwright();
  if (!fs.existsSync(CHROMIUM)) needs(`the browser ${CHROMIUM}`);
  // with a profile of its own in a temporary folder, which goes with it
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: 120_000 });
  try {
    const page = await (await browser.newContext(PHONE)).newPage();
    page.setDefaultTimeout(60_000);
    // what the page's own policy forbids is a defect of the page
    const blocked = [];
    page.on("console", (message) => message.type() === "error" && blocked.push(message.text()));
    await look(page, await page.goto(address));
    for (const name of buttons) await press(page, name);
    expect(blocked.length === 0, blocked.join("\n"));
    console.log(page.url());
    console.log(await page.locator("main").innerText());
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
