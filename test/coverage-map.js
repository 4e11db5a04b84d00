/** Whichever test runs: our own code counts, and nothing else, neither dist/ in a child process nor the schemas in drizzle/. */
export default () => '{src,plugins,routes}/**/*.ts'
