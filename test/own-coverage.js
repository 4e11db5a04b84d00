// Loaded into every test after tap's own hooks: what a test starts records no coverage. A child process may compile the
// same file another way (tsx, Node itself), and merging the two would mark lines that never ran, or miss lines that did.
process.env._TAPJS_PROCESSINFO_COVERAGE_ = '0'
