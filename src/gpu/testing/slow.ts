/** On SwiftShader, whose pipelines and kernels take longest, whole commands and runs wait for `npm run test:long`. */
export const slow = /swiftshader/i.test(process.env['VK_ICD_FILENAMES'] ?? '') && !process.env['PRONK_LONG'];
