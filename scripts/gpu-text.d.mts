export const gpuTexts: Readonly<Record<'opencl' | 'metal', string>>;
export const gpuLanguage: 'opencl' | 'metal';
export function paste(path: string): string;
export function writeGpuText(language: 'opencl' | 'metal', folder: string, change?: (text: string) => string): void;
