export declare const schemaFile: string;
export declare function makeTypes(): Promise<string>;
