// Numbers in order instead of numbers from paths: the bundle must not depend on the folder that it is built in.
module.exports = { optimization: { moduleIds: 'natural', chunkIds: 'natural' } };
